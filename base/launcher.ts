/**
 * What a launcher tells a process by its environment: its rank, how many there are, its rank on
 * this machine, and which MPI it speaks.
 */

type Env = Readonly<Record<string, string | undefined>>;

/** Open MPI and its relatives, or one of those that share the ABI of MPICH. */
export type MpiFamily = 'openmpi' | 'mpich';

export interface Launched {
  launcher: string;
  /** The variable that the rank is read from. */
  variable: string;
  /** 0 .. size - 1; undefined where the environment does not say it. */
  rank?: number;
  /** Processes that were launched together; undefined where the environment does not say it. */
  size?: number;
  /** Among the processes on this machine. */
  localRank?: number;
  /** The MPI that the launcher starts; undefined for one that starts no MPI. */
  speaks?: MpiFamily;
}

interface Launcher {
  name: string;
  rank: string;
  size?: string;
  localRank?: string;
  /** There only in a launched process, where the other variables are set elsewhere as well. */
  needs?: string;
  speaks?: MpiFamily;
}

/**
 * The first that has left its variables is taken: `mpirun` below Slurm leaves those of both.
 * - Hydra starts MPICH and Intel MPI, and tells PMI_RANK and PMI_SIZE; where its processes connect
 *   by a port (PMI_PORT) only the variables of this machine remain.
 * - A PMIx server tells the rank and, to a program that does not ask it, no size.
 * - A batch script of Slurm has SLURM_PROCID too; only srun gives a step that shares the work.
 * - A Kubernetes indexed Job tells no pod how many there are.
 */
const LAUNCHERS: readonly Launcher[] = [
  {
    name: 'Open MPI',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    localRank: 'OMPI_COMM_WORLD_LOCAL_RANK',
    speaks: 'openmpi',
  },
  {
    name: 'MVAPICH',
    rank: 'MV2_COMM_WORLD_RANK',
    size: 'MV2_COMM_WORLD_SIZE',
    localRank: 'MV2_COMM_WORLD_LOCAL_RANK',
    speaks: 'mpich',
  },
  {
    name: 'MPICH',
    rank: 'PMI_RANK',
    size: 'PMI_SIZE',
    localRank: 'MPI_LOCALRANKID',
    speaks: 'mpich',
  },
  {
    name: 'srun',
    rank: 'SLURM_PROCID',
    size: 'SLURM_STEP_NUM_TASKS',
    localRank: 'SLURM_LOCALID',
    needs: 'SLURM_STEP_ID',
    speaks: 'openmpi',
  },
  {
    name: 'Intel MPI',
    rank: 'PMI_ID',
    localRank: 'MPI_LOCALRANKID',
    needs: 'MPI_LOCALNRANKS',
    speaks: 'mpich',
  },
  { name: 'PMIx', rank: 'PMIX_RANK', needs: 'PMIX_NAMESPACE', speaks: 'openmpi' },
  { name: 'Kubernetes', rank: 'JOB_COMPLETION_INDEX' },
];

/** The last is torchrun's. */
const LOCAL_RANKS = [...LAUNCHERS.flatMap(({ localRank }) => localRank ?? []), 'LOCAL_RANK'];

/** @returns undefined for a process that no launcher started */
export function findLauncher(env: Env = process.env): Launched | undefined {
  const launcher = LAUNCHERS.find((candidate) => isBehind(candidate, env));
  if (!launcher) return undefined;
  const { name, speaks } = launcher;
  return {
    launcher: name,
    variable: launcher.rank,
    rank: integer(env[launcher.rank]),
    size: launcher.size === undefined ? undefined : integer(env[launcher.size]),
    localRank: launcher.localRank === undefined ? undefined : integer(env[launcher.localRank]),
    speaks,
  };
}

/** The rank among the processes on this machine; 0 without a launcher. */
export function localRank(env: Env = process.env): number {
  const known = findLauncher(env)?.localRank;
  if (known !== undefined) return known;
  return LOCAL_RANKS.map((name) => integer(env[name])).find((rank) => rank !== undefined) ?? 0;
}

function isBehind({ rank, size, needs }: Launcher, env: Env): boolean {
  if (needs !== undefined && env[needs] === undefined) return false;
  const sign = size ?? needs ?? rank;
  return integer(env[sign]) !== undefined || (sign === needs && env[sign] !== undefined);
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
