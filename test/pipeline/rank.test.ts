import test from 'ava';
import { findRanks, shareOf } from '../../pipeline/rank.ts';

for (const [launcher, env, expected] of [
  ['Open MPI', { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' }, { rank: 1, size: 4 }],
  ['MPICH', { PMI_RANK: '3', PMI_SIZE: '4' }, { rank: 3, size: 4 }],
  [
    'srun',
    { SLURM_PROCID: '2', SLURM_STEP_NUM_TASKS: '16', SLURM_STEP_ID: '0', SLURM_NTASKS: '16' },
    { rank: 2, size: 16 },
  ],
  [
    'a batch script, outside of srun',
    { SLURM_PROCID: '0', SLURM_NTASKS: '16' },
    { rank: 0, size: 1 },
  ],
  ['no launcher', { HOME: '/root' }, { rank: 0, size: 1 }],
] as const) {
  test(`rank and world size from ${launcher}`, (t) => {
    t.deepEqual(findRanks({}, env), expected);
  });
}

test('a Kubernetes indexed Job gives the rank, and has to be told the size', (t) => {
  const env = { JOB_COMPLETION_INDEX: '5' };
  t.deepEqual(findRanks({ worldSize: 16 }, env), { rank: 5, size: 16 });
  t.throws(() => findRanks({}, env), { message: /JOB_COMPLETION_INDEX=5 without `worldSize`/ });
});

test('flags win over the launcher, and have to fit', (t) => {
  const env = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' };
  t.deepEqual(findRanks({ rank: 6, worldSize: 8 }, env), { rank: 6, size: 8 });
  t.throws(() => findRanks({ rank: 6 }, env), { message: /rank 6 of 4: ranks go from 0 to 3/ });
  t.throws(() => findRanks({ rank: 6 }, {}), { message: /`rank` 6 without `worldSize`/ });
  t.throws(() => findRanks({ worldSize: 6 }, {}), { message: /`worldSize` 6 without `rank`/ });
});

test('the shares of all ranks are all partitions, each once, of sizes that differ by one', (t) => {
  const partitions = Array.from({ length: 23 }, (_, i) => i);
  const shares = [0, 1, 2, 3].map((rank) => shareOf(partitions, { rank, size: 4 }));
  t.deepEqual(
    shares.flat().sort((a, b) => a - b),
    partitions,
  );
  t.deepEqual(
    shares.map(({ length }) => length),
    [6, 6, 6, 5],
  );
});
