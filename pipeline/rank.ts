/** Which share of the partitions this process takes, as its launcher says. */
import { CodecLmError } from '../base/error.ts';

export interface Ranks {
  rank: number;
  size: number;
}

/** Environment variables of each launcher: rank, size, and one that is there only in a launched process. */
const LAUNCHERS = [
  { name: 'Open MPI', rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
  { name: 'MPICH', rank: 'PMI_RANK', size: 'PMI_SIZE' },
  // A batch script has a SLURM_PROCID too; only srun gives a step that shares the work.
  { name: 'srun', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS', needs: 'SLURM_STEP_ID' },
] as const;

/** Set by a Kubernetes indexed Job, which tells no pod how many there are. */
const KUBERNETES_INDEX = 'JOB_COMPLETION_INDEX';

/**
 * Flags win over the launcher; without either the process is alone.
 * @throws CodecLmError `USAGE` when the two flags do not fit together
 */
export function findRanks(
  options: { rank?: number; worldSize?: number },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Ranks {
  const launched = fromLauncher(env);
  const rank = options.rank ?? launched?.rank;
  const size = options.worldSize ?? launched?.size;
  if (rank === undefined && size === undefined) return { rank: 0, size: 1 };
  if (rank === undefined) {
    throw new CodecLmError('USAGE', `--world-size ${size} without --rank`, {
      hint: 'give each process its --rank, from 0',
    });
  }
  if (size === undefined) {
    const cause = options.rank === undefined ? `${KUBERNETES_INDEX}=${rank}` : `--rank ${rank}`;
    throw new CodecLmError('USAGE', `${cause} without --world-size`, {
      hint: 'say with --world-size how many processes share the work',
    });
  }
  if (rank >= size) {
    throw new CodecLmError('USAGE', `rank ${rank} of ${size}: ranks go from 0 to ${size - 1}`);
  }
  return { rank, size };
}

function fromLauncher(
  env: Readonly<Record<string, string | undefined>>,
): { rank: number; size?: number } | undefined {
  for (const launcher of LAUNCHERS) {
    if ('needs' in launcher && env[launcher.needs] === undefined) continue;
    const rank = integer(env[launcher.rank]);
    const size = integer(env[launcher.size]);
    if (rank !== undefined && size !== undefined) return { rank, size };
  }
  const rank = integer(env[KUBERNETES_INDEX]);
  return rank === undefined ? undefined : { rank };
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Every `size`-th partition, so that all ranks are done at about the same time. */
export function shareOf<T>(partitions: readonly T[], { rank, size }: Ranks): T[] {
  return partitions.filter((_, i) => i % size === rank);
}
