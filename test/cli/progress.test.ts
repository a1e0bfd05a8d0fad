import test from 'ava';
import { StderrProgress } from '../../cli/progress.ts';

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
