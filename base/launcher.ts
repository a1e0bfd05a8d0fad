/**
 * Reads from the environment what a launcher tells its processes: the rank, the world size, the
 * rank on this machine, and the MPI family.
 */

type Env = Readonly<Record<string, string | undefined>>;

/** `openmpi`: Open MPI and its relatives. `mpich`: the libraries that share the ABI of MPICH. */
export type MpiFamily = 'openmpi' | 'mpich';

export interface Launched {
  launcher: string;
  /** The environment variable that holds the rank. */
  variable: string;
  /** Rank, 0 .. size - 1; undefined when the environment does not tell it. */
  rank?: number;
  /** World size; undefined when the environment does not tell it. */
  size?: number;
  /** Rank among the processes on this machine. */
  localRank?: number;
  /** The MPI family that the launcher starts; undefined for a launcher without MPI. */
  speaks?: MpiFamily;
}

interface Launcher {
  name: string;
  rank: string;
  size?: string;
  localRank?: string;
  /**
   * A variable that exists only in a launched process; needed where the other variables are also
   * set elsewhere.
   */
  needs?: string;
  speaks?: MpiFamily;
}

/**
 * The first launcher whose variables are set wins: `mpirun` inside a Slurm job leaves the variables
 * of both.
 * - Hydra starts MPICH and Intel MPI and sets PMI_RANK and PMI_SIZE. When its processes connect by
 *   a port (PMI_PORT), only the variables of the local machine are set.
 * - A PMIx server sets the rank; a program has to ask it for the size.
 * - A Slurm batch script has SLURM_PROCID too; only `srun` starts a step whose ranks share the
 *   work.
 * - A Kubernetes indexed Job does not tell its pods the world size.
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

/** LOCAL_RANK is torchrun's variable. */
const LOCAL_RANKS = [...LAUNCHERS.flatMap(({ localRank }) => localRank ?? []), 'LOCAL_RANK'];

/** @returns the launcher's data; undefined for a process that no launcher started */
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
