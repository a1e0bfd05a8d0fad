/** The global order: every sequence once, and as random as one would wish. */
import test from 'ava';
import type { ShardEntry } from '../../../schemas/dataset.ts';
import { SequenceOrder, WINDOW_GROUPS } from '../../../shards/loader/order.ts';

/** As the manifest lists it; the order looks at its rows only. */
function shardOf(rows: number, rowGroupRows: number, name = 'part-00000'): ShardEntry {
  return {
    file: `shards/${name}.parquet`,
    split: 'train',
    partition: 0,
    rows,
    tokens: 0,
    padding: 0,
    documents: 0,
    firstDoc: 0,
    lastDoc: 0,
    rowGroupRows,
    bytes: 0,
    sha256: '',
  };
}

const GROUP = 8;
const GROUPS = 40;
const ROWS = GROUPS * GROUP;
const EPOCHS = 640;

/** Where each row of one shard stands in each of many epochs, [EPOCHS][ROWS]. */
function positions(seed: number, epochs = EPOCHS): Uint16Array[] {
  const order = new SequenceOrder([shardOf(ROWS, GROUP)], { pieces: 1, seed, shuffle: true });
  return Array.from({ length: epochs }, (_, epoch) => {
    const at = new Uint16Array(ROWS);
    for (let position = 0; position < ROWS; position++)
      at[order.at(epoch, position).row] = position;
    return at;
  });
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('an order holds each piece of each row of each shard once, over many windows', (t) => {
  const shards = [1, 63, 64, 65, 1000].map((rows) => shardOf(rows, 4, `part-${rows}`));
  for (const shuffle of [false, true]) {
    const order = new SequenceOrder(shards, { pieces: 3, seed: 1, shuffle });
    const seen = new Set<string>();
    for (let position = 0; position < order.length; position++) {
      const { shard, row, piece } = order.at(2, position);
      t.true(row < shard.rows && piece < 3);
      seen.add(`${shard.file} ${row} ${piece}`);
    }
    t.is(seen.size, 1193 * 3);
  }
  const forward = new SequenceOrder(shards, { pieces: 3, seed: 1, shuffle: true });
  const jumping = new SequenceOrder(shards, { pieces: 3, seed: 1, shuffle: true });
  for (let i = 0; i < 300; i++) {
    const position = (i * 1237) % forward.length;
    t.deepEqual(
      jumping.at(i % 3, position),
      new SequenceOrder(shards, { pieces: 3, seed: 1, shuffle: true }).at(i % 3, position),
    );
  }
  t.notDeepEqual(
    [0, 1, 2, 3].map((i) => forward.at(0, i)),
    [0, 1, 2, 3].map((i) =>
      new SequenceOrder(shards, { pieces: 3, seed: 2, shuffle: true }).at(0, i),
    ),
  );
});

test('over epochs each sequence stands at every position alike', (t) => {
  // Epochs are independent, so for each row the statistic has 15 degrees of freedom and variance 30.
  const CELLS = 16;
  const expected = EPOCHS / CELLS;
  const statistics = new Float64Array(ROWS);
  const counts = Array.from({ length: ROWS }, () => new Uint16Array(CELLS));
  for (const at of positions(5)) {
    for (let row = 0; row < ROWS; row++) counts[row][Math.floor((at[row] * CELLS) / ROWS)]++;
  }
  for (const [row, cells] of counts.entries()) {
    statistics[row] = cells.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
  }
  // Rows of a group move together: between 40 and 320 independent statistics, 40 taken.
  const average = mean([...statistics]);
  const deviation = Math.sqrt(30 / GROUPS);
  t.true(Math.abs(average - 15) < 4 * deviation, `mean chi-squared ${average.toFixed(2)}, not 15`);
  // One in ten million.
  t.true(Math.max(...statistics) < 62, `a row prefers some positions: ${Math.max(...statistics)}`);
});

test('neighbours in the file are neighbours in the order no more often than their window makes them', (t) => {
  const window = WINDOW_GROUPS * GROUP;
  let adjacent = 0;
  let sameGroup = 0;
  const all = positions(7);
  for (const at of all) {
    for (let row = 1; row < ROWS; row++) adjacent += Number(Math.abs(at[row] - at[row - 1]) === 1);
    const rows = new Uint16Array(ROWS);
    for (let row = 0; row < ROWS; row++) rows[at[row]] = row;
    for (let i = 1; i < ROWS; i++) {
      sameGroup += Number(Math.floor(rows[i] / GROUP) === Math.floor(rows[i - 1] / GROUP));
    }
  }
  // Two rows of one window follow one another with 2 / window; the last window is half as long.
  const perEpoch = (2 / window) * ROWS;
  t.true(adjacent / all.length < 1.5 * perEpoch, `${adjacent / all.length} pairs an epoch`);
  const share = sameGroup / (all.length * (ROWS - 1));
  t.true(share < 1.5 * (GROUP / window), `${share.toFixed(3)} of steps stay within a row group`);
  t.true(share > 0.02, 'fewer than chance: the order is not random');
});

test('epochs and seeds are as if drawn apart', (t) => {
  const correlation = (a: Uint16Array, b: Uint16Array) => {
    const middle = (ROWS - 1) / 2;
    const products = Array.from(a, (value, i) => (value - middle) * (b[i] - middle));
    return mean(products) / ((ROWS ** 2 - 1) / 12);
  };
  const first = positions(1, 200);
  const second = positions(2, 200);
  const pairs = [
    first.slice(1).map((at, i) => correlation(at, first[i])),
    first.map((at, i) => correlation(at, second[i])),
    first.map((at) =>
      correlation(
        at,
        Uint16Array.from({ length: ROWS }, (_, i) => i),
      ),
    ),
  ];
  for (const [i, list] of pairs.entries()) {
    // The limit follows from independent orders of 40 groups: standard deviation below 1 /
    // sqrt(39) each.
    const bound = 4 / Math.sqrt(39 * list.length);
    t.true(Math.abs(mean(list)) < bound, `${i}: mean correlation ${mean(list).toFixed(4)}`);
    t.true(Math.max(...list.map(Math.abs)) < 5 / Math.sqrt(39), `${i}: two orders are alike`);
  }
});
