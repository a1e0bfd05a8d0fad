import test from 'ava';
import { CACHE_PAGE } from '../../../../trainer/sample/engine/kernels/pages.ts';
import { GROUP, type Run, shareAttention } from '../../../../trainer/sample/engine/share.ts';

/** A prompt, a sequence that begins, one that is as long as it gets, and one of whole groups. */
const RUNS: Run[] = [
  { row: 0, rows: 40, length: 700 },
  { row: 40, rows: 1, length: 1 },
  { row: 41, rows: 1, length: 8000 },
  { row: 42, rows: 1, length: 2 * GROUP * CACHE_PAGE },
];

for (const [threads, kvHeads] of [
  [1, 8],
  [2, 8],
  [3, 2],
  [16, 1],
]) {
  test(`${threads} threads and ${kvHeads} key heads: every part is one thread's, none has much more`, (t) => {
    const seen = new Map<string, number>();
    const work = Array.from({ length: threads }, () => 0);
    for (let thread = 0; thread < threads; thread++) {
      for (const { row, rows, length, group, fromHead, toHead } of shareAttention(
        RUNS,
        kvHeads,
        thread,
        threads,
      )) {
        const pages = Math.min(GROUP, Math.ceil(length / CACHE_PAGE) - group * GROUP);
        work[thread] += rows * pages * (toHead - fromHead);
        for (let head = fromHead; head < toHead; head++) {
          const key = `${row} ${group} ${head}`;
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
      }
    }
    const groups = RUNS.reduce(
      (sum, { length }) => sum + Math.ceil(length / CACHE_PAGE / GROUP),
      0,
    );
    t.is(seen.size, groups * kvHeads);
    t.true([...seen.values()].every((times) => times === 1));
    const total = work.reduce((sum, one) => sum + one, 0);
    const largestPart = 40 * GROUP;
    t.true(Math.max(...work) <= total / threads + largestPart, `${work}`);
  });
}
