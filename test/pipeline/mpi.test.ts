import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { holdersOf } from '../../base/lock/holders.ts';
import {
  hashesOf,
  makeExpected,
  PIPELINE,
  pipeline,
  removeFolder,
  SMALL,
} from '../helpers/pipeline-runs.ts';
import { testWith } from '../helpers/tools.ts';

let work: string;
let corpus: string;
let expected: Record<string, string>;
test.before(async () => {
  ({ work, corpus, expected } = await makeExpected(120));
});
test.after.always(() => removeFolder(work));

/** Open MPI asks twice whether root means it, and counts cores; MPICH does neither. */
const ENV = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
};

const mpirun = (processes: number, args: readonly string[]) =>
  execa('mpirun', ['-np', String(processes), process.execPath, PIPELINE, ...args], {
    reject: false,
    env: ENV,
  });

async function planned(out: string): Promise<string[]> {
  const args = ['images', corpus, '--out', out, ...SMALL];
  const result = await pipeline(['plan', ...args]);
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  return ['run', ...args];
}

testWith('mpirun', 'mpirun -np 2: the same bytes as one process', async (t) => {
  const out = join(work, 'two');
  const result = await mpirun(2, await planned(out));
  t.is(result.exitCode, 0, result.stderr);
  t.regex(result.stderr, /rank 0 of 2 is done/);
  t.regex(result.stderr, /rank 1 of 2 is done/);
  const done = await pipeline(['finalize', out]);
  t.is(done.exitCode, 0, String(done.stderr));
  t.deepEqual(await hashesOf(out), expected);
});

testWith('mpirun', 'one of three is killed, and the same mpirun line goes on', async (t) => {
  const out = join(work, 'three');
  const args = await planned(out);
  const run = mpirun(3, args);
  process.kill(await pidOfRank(out, 2), 'SIGKILL');
  const broken = await run;
  t.not(broken.exitCode, 0, 'mpirun tells that a process is gone');
  const early = await pipeline(['finalize', out]);
  t.is(early.exitCode, 2);
  t.regex(String(early.stderr), /partitions are not done.*\[DATASET_INCOMPLETE\]/);
  const again = await mpirun(3, args);
  t.is(again.exitCode, 0, again.stderr);
  t.is((await pipeline(['finalize', out])).exitCode, 0);
  t.deepEqual(await hashesOf(out), expected);
});

/** From the lock of the rank, which it takes before its first partition. */
async function pidOfRank(out: string, rank: number): Promise<number> {
  const locks = join(out, 'locks');
  for (let tries = 0; tries < 20_000; tries++) {
    const holder = (await holdersOf(locks)).find((other) => other.rank === rank);
    if (holder) return holder.pid;
    await sleep(5);
  }
  throw new Error(`rank ${rank} never took its lock in ${locks}`);
}
