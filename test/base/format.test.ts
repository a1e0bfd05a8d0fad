import test from 'ava';
import {
  formatBar,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  hexByte,
} from '../../base/format.ts';

test('columns are aligned, numbers to the right', (t) => {
  const table = formatTable(
    ['shard', 'rows'],
    [
      ['part-00000', '12'],
      ['last', '1,024'],
    ],
  );
  t.is(table, 'shard        rows\n----------  -----\npart-00000     12\nlast        1,024');
});

test('numbers are written for people', (t) => {
  t.is(formatCount(1234567), '1,234,567');
  t.is(formatBytes(1536), '1.5 KiB');
  t.is(formatBytes(12), '12 B');
  t.is(formatDuration(61), '1 min 1 s');
  t.is(formatDuration(90_000), '1 d 1 h');
  t.is(formatDuration(Number.POSITIVE_INFINITY), '?');
  t.is(formatBar(0.5, 4), '██░░');
});

test('thousands are set apart at every length, negative numbers too', (t) => {
  t.deepEqual([0, 999, 1000, 999_999.6, -1234].map(formatCount), [
    '0',
    '999',
    '1,000',
    '1,000,000',
    '-1,234',
  ]);
});

test('units change where they should, and the largest one is the last', (t) => {
  t.deepEqual([1023, 1024, 1024 ** 2, 1024 ** 5].map(formatBytes), [
    '1023 B',
    '1.0 KiB',
    '1.0 MiB',
    '1024.0 TiB',
  ]);
  t.deepEqual([0, 59.6, 3599, 3600, 86_399, -5, Number.NaN].map(formatDuration), [
    '0 s',
    '1 min 0 s',
    '59 min 59 s',
    '1 h 0 min',
    '23 h 59 min',
    '0 s',
    '?',
  ]);
});

test('a bar is never longer or shorter than its width', (t) => {
  t.deepEqual(
    [-1, 0, 0.26, 2].map((share) => formatBar(share, 4)),
    ['░░░░', '░░░░', '█░░░', '████'],
  );
});

test('a byte has two digits', (t) => {
  t.deepEqual([0, 10, 255].map(hexByte), ['00', '0A', 'FF']);
});

test('a table with cells that are missing, and words among numbers, stays aligned', (t) => {
  t.is(
    formatTable(['a', 'b'], [['1', 'x'], ['22'], ['3', '7 MiB']]),
    ' a  b\n--  -----\n 1  x\n22\n 3  7 MiB',
  );
});
