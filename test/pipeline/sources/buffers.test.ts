import test from 'ava';
import { giveBuffer, takeBuffer } from '../../../pipeline/sources/buffers.ts';

const SIZE = 100_000;

test('memory is used again once it was given back, and only that which was taken here', (t) => {
  const first = takeBuffer(SIZE);
  const memory = first.buffer;
  t.is(first.length, SIZE);
  giveBuffer(first);
  giveBuffer(first);
  const [again, other] = [takeBuffer(SIZE - 10), takeBuffer(SIZE)];
  t.is(again.buffer, memory);
  t.not(other.buffer, memory, 'given back twice, it is there once');
  giveBuffer(again);
  giveBuffer(other);

  const foreign = Buffer.alloc(2 * SIZE);
  giveBuffer(foreign);
  for (let i = 0; i < 5; i++) t.not(takeBuffer(SIZE).buffer, foreign.buffer);
});
