/** The launchers of Open MPI and MPICH, MPI's standard ABI, and what stands between launcher and rank. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { checkConnection, libraryNames } from '../../../trainer/distributed/launcher.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { testIf, testWith } from '../../helpers/tools.ts';

const COLLECTIVES = fileURLToPath(new URL('./collectives.ts', import.meta.url));
const NODE = ['node', '--import=tsx', COLLECTIVES];
const NPX = ['npx', '--no-install', 'tsx', COLLECTIVES];

async function works(
  t: ExecutionContext,
  launcher: string,
  program: string[],
  env?: Record<string, string>,
) {
  const { exitCode, stdout, stderr } = await mpirun(2, program.slice(1), env, [
    launcher,
    program[0],
  ]);
  t.is(exitCode, 0, stderr);
  const ranks = stdout.split('\n').map((line) => JSON.parse(line));
  t.deepEqual(
    ranks.map(({ sums, isLargeRight }) => ({ sums, isLargeRight })),
    Array.from({ length: 2 }, () => ({ sums: [3, 2 ** 41], isLargeRight: true })),
  );
}

testWith('mpirun.openmpi', 'Open MPI starts Node, and npx', async (t) => {
  await works(t, 'mpirun.openmpi', NODE);
  await works(t, 'mpirun.openmpi', NPX);
});

testWith('mpirun.mpich', 'MPICH starts Node', async (t) => {
  await works(t, 'mpirun.mpich', NODE);
});

testWith(
  'mpirun.mpich',
  'a rank behind npx says that MPICH is cut off, and what to run',
  async (t) => {
    const [program, ...args] = NPX;
    const { exitCode, stderr } = await mpirun(2, args, {}, ['mpirun.mpich', program]);
    t.not(exitCode, 0);
    t.regex(
      stderr,
      /this rank has lost its launcher: descriptor \d+ \(PMI_FD\) is not an open socket/,
    );
    t.regex(stderr, /start Node itself: mpirun -np N node \S+collectives\.ts/);
    t.notRegex(stderr, /write_line error/);
  },
);

test('a descriptor that is closed, or no socket, is no connection to the launcher', (t) => {
  for (const PMI_FD of ['987', 'x', '']) {
    t.throws(() => checkConnection({ PMI_FD }), { code: 'MPI_UNAVAILABLE' }, PMI_FD);
  }
  t.notThrows(() => checkConnection({}));
});

const MPICH5 = fileURLToPath(new URL('../../../bench/peers/.venv-mpich', import.meta.url));

for (const library of ['libmpi.so.12', 'libmpi_abi.so.1']) {
  testIf(
    existsSync(join(MPICH5, 'installed')),
    'bench/peers/setup-mpich.sh installs it',
    `MPICH 5 by its ${library}`,
    async (t) => {
      const env = { CODEC_LM_MPI: join(MPICH5, 'lib', library) };
      await works(t, join(MPICH5, 'bin', 'mpiexec.hydra'), NODE, env);
    },
  );
}

test('the standard ABI is looked for last', (t) => {
  for (const family of ['openmpi', 'mpich'] as const) {
    const names = libraryNames(family, {});
    t.is(
      names.findIndex((name) => name.startsWith('libmpi_abi')),
      names.length - 3,
    );
  }
});
