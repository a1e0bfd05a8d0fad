/**
 * Divides a step's attention among threads. A part is a group of pages of one sequence and some of
 * its key heads. The groups, and so the averages over them, are the same for any number of threads.
 * The parts of a thread are adjacent in memory.
 */
import { CACHE_PAGE } from './kernels/pages.ts';

/** Pages per average. */
export const GROUP = 8;

/** The rows of a step that belong to one sequence. */
export interface Run {
  row: number;
  rows: number;
  /** Number of positions of the sequence, including these rows. */
  length: number;
}

export interface RowShare extends Run {
  group: number;
  /** Range of key heads; the end is exclusive. */
  fromHead: number;
  toHead: number;
}

/** @returns the parts of one thread; all threads get about the same amount of work */
export function shareAttention(
  runs: readonly Run[],
  kvHeads: number,
  thread: number,
  threads: number,
): RowShare[] {
  const total = runs.reduce((sum, { rows, length }) => sum + rows * pagesOf(length) * kvHeads, 0);
  const [from, to] = [(total * thread) / threads, (total * (thread + 1)) / threads];
  const parts: RowShare[] = [];
  let done = 0;
  for (const run of runs) {
    const pages = pagesOf(run.length);
    for (let group = 0; group * GROUP < pages; group++) {
      const headWork = run.rows * Math.min(GROUP, pages - group * GROUP);
      // A head belongs to the thread in whose share its work begins.
      const headAt = (work: number) =>
        Math.max(0, Math.min(kvHeads, Math.ceil((work - done) / headWork)));
      const [fromHead, toHead] = [headAt(from), headAt(to)];
      if (fromHead < toHead) parts.push({ ...run, group, fromHead, toHead });
      done += headWork * kvHeads;
    }
  }
  return parts;
}

function pagesOf(length: number): number {
  return Math.ceil(length / CACHE_PAGE);
}
