import test from 'ava';
import { findLauncher, localRank } from '../../base/launcher.ts';

for (const [title, env, expected] of [
  [
    'Open MPI',
    {
      OMPI_COMM_WORLD_RANK: '1',
      OMPI_COMM_WORLD_SIZE: '4',
      OMPI_COMM_WORLD_LOCAL_RANK: '0',
      PMIX_RANK: '1',
      PMIX_NAMESPACE: 'x',
    },
    { launcher: 'Open MPI', rank: 1, size: 4, localRank: 0, speaks: 'openmpi' },
  ],
  [
    'MPICH and Intel MPI, whose Hydra tells both',
    { PMI_RANK: '3', PMI_SIZE: '4', MPI_LOCALRANKID: '1', MPI_LOCALNRANKS: '2', PMI_FD: '9' },
    { launcher: 'MPICH', rank: 3, size: 4, localRank: 1, speaks: 'mpich' },
  ],
  [
    'MVAPICH',
    { MV2_COMM_WORLD_RANK: '2', MV2_COMM_WORLD_SIZE: '3', MV2_COMM_WORLD_LOCAL_RANK: '2' },
    { launcher: 'MVAPICH', rank: 2, size: 3, localRank: 2, speaks: 'mpich' },
  ],
  [
    'Hydra by a port, which tells the rank and no size',
    { PMI_PORT: 'h:1', PMI_ID: '5', MPI_LOCALRANKID: '1', MPI_LOCALNRANKS: '4' },
    { launcher: 'Intel MPI', rank: 5, size: undefined, localRank: 1, speaks: 'mpich' },
  ],
  [
    'srun',
    { SLURM_PROCID: '2', SLURM_STEP_NUM_TASKS: '16', SLURM_STEP_ID: '0', SLURM_LOCALID: '2' },
    { launcher: 'srun', rank: 2, size: 16, localRank: 2, speaks: 'openmpi' },
  ],
  [
    'a PMIx server alone',
    { PMIX_RANK: '2', PMIX_NAMESPACE: 'job.0' },
    { launcher: 'PMIx', rank: 2, size: undefined, localRank: undefined, speaks: 'openmpi' },
  ],
  [
    'a Kubernetes indexed Job',
    { JOB_COMPLETION_INDEX: '5' },
    { launcher: 'Kubernetes', rank: 5, size: undefined, localRank: undefined, speaks: undefined },
  ],
] as const) {
  test(`the environment of ${title}`, (t) => {
    const found = findLauncher(env);
    t.like(found, expected);
    t.is(found?.size, expected.size);
  });
}

test('no launcher, and a batch script outside of srun, which is one process', (t) => {
  t.is(findLauncher({}), undefined);
  t.is(findLauncher({ SLURM_PROCID: '0', SLURM_NTASKS: '16', SLURM_JOB_ID: '1' }), undefined);
  t.is(findLauncher({ OMPI_COMM_WORLD_SIZE: 'x' }), undefined);
});

test('the local rank of the launcher that is nearest, or the only one that is told', (t) => {
  t.is(localRank({ LOCAL_RANK: '3' }), 3);
  t.is(localRank({ MPI_LOCALRANKID: '2', LOCAL_RANK: '3' }), 2);
  const both = { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_RANK: '1', SLURM_LOCALID: '0' };
  t.is(localRank(both), 1);
});
