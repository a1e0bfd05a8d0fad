/** The row groups that are brought near, and when. */
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import type { ShardEntry } from '../../../schemas/dataset.ts';
import { WindowAhead } from '../../../shards/loader/window-ahead.ts';

const shard = {} as ShardEntry;

function sourceOf() {
  const warmed: number[] = [];
  const blocksOf = (window: number) =>
    [0, 1, 2, 3].map((i) => ({ shard, firstRow: window * 10 + i }));
  const warm = async (_: ShardEntry, row: number) => {
    warmed.push(row);
  };
  return { warmed, source: { blocksOf, warm } };
}

test('a far dataset: this window and the next, from the place of the rank', async (t) => {
  const { warmed, source } = sourceOf();
  const ahead = new WindowAhead(source, { share: 0.5 });
  ahead.moveTo(0);
  ahead.moveTo(0);
  await turn();
  t.deepEqual(warmed, [2, 3, 0, 1, 12, 13, 10, 11]);
  ahead.moveTo(1);
  await turn();
  t.deepEqual(warmed.slice(8), [22, 23, 20, 21]);
});

test('a dataset on a disk: after the first sequences, as much of the next window as there is room for', async (t) => {
  const { warmed, source } = sourceOf();
  const ahead = new WindowAhead(source, { share: 0, most: 3, isNear: true });
  ahead.moveTo(0);
  await turn();
  t.deepEqual(warmed, []);
  for (let i = 0; i < 40; i++) ahead.moveTo(0);
  await turn();
  await turn();
  t.deepEqual(warmed, [10, 11, 12]);
  ahead.moveTo(1);
  await turn();
  await turn();
  t.deepEqual(warmed.slice(3), [20, 21, 22]);
});
