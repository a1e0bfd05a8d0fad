/** The inputs that `--dry-run` looks at, from the first files of a shuffled plan. */
import type { ClipsConfig } from '../../schemas/clips.ts';
import { clipLine } from '../sources/source.ts';

/** Files of a sample where each has to be surveyed from its beginning to its last clip. */
const SURVEYED_FILES = 20;

/** Shifts the sampled clips from video to video, so that all numbers occur evenly (golden ratio). */
const SHIFT = 0.618;

/** Number of files to look at for so many inputs. */
export function sampledFiles(most: number, clips: ClipsConfig | undefined): number {
  return clips?.cuts === undefined ? most : Math.min(SURVEYED_FILES, most);
}

/**
 * @param files a line for each file
 * @param most inputs
 * @returns lines of inputs, evenly over the files and the numbers of clips
 */
export function sampledLines(
  files: readonly string[],
  most: number,
  clips: ClipsConfig | undefined,
): readonly string[] {
  if (!clips) return files;
  const { perVideo } = clips;
  const each = Math.min(perVideo, Math.max(1, Math.floor(most / files.length)));
  return files.flatMap((line, file) => {
    const shift = (file * SHIFT) % 1;
    return Array.from({ length: each }, (_, i) =>
      clipLine(line, Math.floor(((i + shift) * perVideo) / each)),
    );
  });
}
