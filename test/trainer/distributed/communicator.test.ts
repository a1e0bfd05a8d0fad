import { join } from 'node:path';
import test from 'ava';
import { evenBounds } from '../../../trainer/distributed/communicator.ts';
import { findLaunch, libraryNames } from '../../../trainer/distributed/launcher.ts';
import { loadMpi } from '../../../trainer/distributed/mpi-library.ts';
import { openCommunicator } from '../../../trainer/distributed/open.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { testWith } from '../../helpers/tools.ts';

const PROGRAM = ['--import=tsx', join(import.meta.dirname, 'collectives.ts')];

for (const size of [2, 3]) {
  testWith('mpirun', `${size} ranks: each collective gives what it promises`, async (t) => {
    const { exitCode, stdout, stderr } = await mpirun(size, PROGRAM);
    t.is(exitCode, 0, stderr);
    const ranks = stdout.split('\n').map((line) => JSON.parse(line));
    t.is(ranks.length, size);
    const total = (size * (size + 1)) / 2;
    // Element i of every rank is i + 100 rank.
    const all = Array.from({ length: total }, (_, i) => size * i + 50 * size * (size - 1));
    for (const seen of ranks) {
      const { rank } = seen;
      const start = (rank * (rank + 1)) / 2;
      t.deepEqual(seen, {
        rank,
        size,
        isLargeRight: true,
        sums: [total, size * 2 ** 40],
        largest: [size - 1, 0],
        part: all.slice(start, start + rank + 1),
        all,
        told: [size + 6],
      });
    }
  });
}

testWith('mpirun', 'a rank that throws ends the others, with its message', async (t) => {
  const { exitCode, stdout, stderr } = await mpirun(2, [...PROGRAM, 'throws']);
  t.not(exitCode, 0);
  t.regex(stderr, /rank one is broken/);
  t.is(stdout.includes('isLargeRight'), false);
});

testWith('mpirun', 'waiting for a rank that says nothing has an end', async (t) => {
  const { exitCode, stderr } = await mpirun(2, [...PROGRAM, 'silent']);
  t.not(exitCode, 0);
  t.regex(stderr, /rank 0 waited 2 s for the other 1 in allReduce/);
});

test('one process alone needs no MPI', async (t) => {
  const communicator = await openCommunicator(60, {});
  t.like(communicator, { rank: 0, size: 1 });
  const values = Float32Array.of(1, 2);
  await communicator.allReduce(values);
  t.deepEqual([...values], [1, 2]);
  t.deepEqual(await communicator.reduceScatter(values, [2]), values);
  t.deepEqual(await communicator.allGather(values, [2]), values);
});

test('the launcher says how many ranks there are, and which MPI comes first', (t) => {
  t.is(findLaunch({}), undefined);
  t.is(findLaunch({ OMPI_COMM_WORLD_SIZE: '1' }), undefined);
  t.deepEqual(findLaunch({ OMPI_COMM_WORLD_SIZE: '4' }), { size: 4, speaks: 'openmpi' });
  t.deepEqual(findLaunch({ PMI_SIZE: '2' }), { size: 2, speaks: 'mpich' });
  // A batch script is one process, however many tasks it was given.
  t.is(findLaunch({ SLURM_STEP_NUM_TASKS: '8' }), undefined);
  t.is(findLaunch({ SLURM_STEP_NUM_TASKS: '8', SLURM_STEP_ID: '0' })?.size, 8);
  t.is(libraryNames('openmpi', {})[0], 'libmpi.so.40');
  t.is(libraryNames('mpich', {})[0], 'libmpich.so.12');
  t.deepEqual(libraryNames('mpich', { CODEC_LM_MPI: '/opt/libmpi.so' }), ['/opt/libmpi.so']);
});

test('a missing library is named, with what to do', async (t) => {
  const error = await t.throwsAsync(loadMpi(['libno-such-mpi.so.9']), { code: 'MPI_UNAVAILABLE' });
  t.regex(error!.message, /tried libno-such-mpi\.so\.9/);
});

test('parts differ by one at most and cover all', (t) => {
  t.deepEqual(evenBounds(10, 3), [0, 3, 6, 10]);
  t.deepEqual(evenBounds(1, 3), [0, 0, 0, 1]);
});
