/**
 * Which part of a step's attention each thread computes. A part is a group of pages of one sequence
 * and some key heads of it: groups are the same however many threads there are, and so is every
 * average over one. A thread's parts follow each other in memory.
 */
import { CACHE_PAGE } from './kernels/attention.ts';

/** Pages over which one average goes. */
export const GROUP = 8;

/** The rows of a step that belong to one sequence. */
export interface Run {
  row: number;
  rows: number;
  /** Positions of the sequence with the last of them. */
  length: number;
}

export interface RowShare extends Run {
  group: number;
  /** Key heads, the last not included. */
  fromHead: number;
  toHead: number;
}

/** @returns the parts of one thread, about as much work as every other's */
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
