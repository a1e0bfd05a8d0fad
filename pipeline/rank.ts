/** Determines the share of the partitions of this process, from its launcher. */
import { CodecLmError } from '../base/error.ts';
import { findLauncher } from '../base/launcher.ts';
import type { Ranks } from '../base/lock/record.ts';

/**
 * Flags override the launcher; without either, the process works alone.
 * @throws CodecLmError `USAGE` when the two flags do not fit together
 */
export function findRanks(
  options: { rank?: number; worldSize?: number },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Ranks {
  const launched = findLauncher(env);
  const rank = options.rank ?? launched?.rank;
  const size = options.worldSize ?? launched?.size;
  if (launched && rank === undefined) {
    // If it worked alone, it would do all partitions, and so would each of the others.
    throw new CodecLmError(
      'USAGE',
      `${launched.launcher} does not say which rank this process is`,
      {
        hint: 'give each process its `rank`, from 0, and the `worldSize`',
      },
    );
  }
  if (rank === undefined && size === undefined) return { rank: 0, size: 1 };
  if (rank === undefined) {
    throw new CodecLmError('USAGE', `\`worldSize\` ${size} without \`rank\``, {
      hint: 'give each process its `rank`, from 0',
    });
  }
  if (size === undefined) {
    const cause = options.rank === undefined ? `${launched?.variable}=${rank}` : `\`rank\` ${rank}`;
    throw new CodecLmError('USAGE', `${cause} without \`worldSize\``, {
      hint: 'say with `worldSize` how many processes share the work',
    });
  }
  if (rank >= size) {
    throw new CodecLmError('USAGE', `rank ${rank} of ${size}: ranks go from 0 to ${size - 1}`);
  }
  return { rank, size };
}

/** Takes every `size`-th partition, so that all ranks finish at about the same time. */
export function shareOf<T>(partitions: readonly T[], { rank, size }: Ranks): T[] {
  return partitions.filter((_, i) => i % size === rank);
}
