import test from 'ava';
import { giveBuffer, takeBuffer } from '../../pipeline/sources/buffers.ts';

test('buffers have the size that was asked for, and are nobody else’s while in use', (t) => {
  const sizes = [1, 1000, 70_000, 70_001, 99_999, 1_500_000, 17_000_000];
  const inUse = new Map<Buffer, number>();
  for (let i = 0; i < 300; i++) {
    const size = sizes[(i * 5) % sizes.length] + (i % 3);
    const buffer = takeBuffer(size);
    t.is(buffer.length, size);
    buffer.fill(i);
    inUse.set(buffer, i);
    if (inUse.size < 9) continue;
    const [oldest] = inUse.keys();
    t.true(oldest.equals(Buffer.alloc(oldest.length, inUse.get(oldest)!)));
    inUse.delete(oldest);
    giveBuffer(oldest);
  }
});

test('a large buffer that was given back is used again, also for a file a little larger', (t) => {
  const first = takeBuffer(1_500_000);
  giveBuffer(first);
  const second = takeBuffer(1_550_000);
  t.is(second.buffer, first.buffer);
  t.not(takeBuffer(1_500_000).buffer, first.buffer);
});

test('what is very large is not kept', (t) => {
  const first = takeBuffer(1 << 25);
  giveBuffer(first);
  t.not(takeBuffer(1 << 25).buffer, first.buffer);
});
