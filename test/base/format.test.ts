import test from 'ava';
import {
  formatBar,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
} from '../../base/format.ts';
import { StderrProgress } from '../../cli/progress.ts';

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

function recorder(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 20, written, write: (text: string) => written.push(text) };
}

test('in a terminal the line is redrawn and logs go above it', (t) => {
  const stream = recorder(true);
  const progress = new StderrProgress(stream);
  progress.update('a line that is longer than the terminal');
  progress.log('note');
  progress.done();
  const text = stream.written.join('');
  t.true(text.startsWith('\r\x1b[2Ka line that is long\r\x1b[2Knote\n'));
  t.true(text.endsWith('\n'));
});

test('elsewhere there is no animation, and the last state is always written', (t) => {
  const stream = recorder(false);
  const progress = new StderrProgress(stream);
  progress.update('1/3');
  progress.update('2/3');
  progress.update('3/3');
  progress.done();
  t.deepEqual(stream.written, ['1/3\n', '3/3\n']);
});
