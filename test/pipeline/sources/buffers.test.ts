import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { encodeBatch } from '../../../pipeline/encode/encode.ts';
import { createInputEncoder } from '../../../pipeline/encode/inputs.ts';
import { giveBuffer, takeBuffer } from '../../../pipeline/sources/buffers.ts';
import type { Encoder } from '../../../tokenizer/codecs/codec.ts';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { jpeg } from '../../../tokenizer/codecs/jpeg/index.ts';
import { removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';

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

test('a very large buffer is not kept', (t) => {
  const first = takeBuffer(1 << 25);
  giveBuffer(first);
  t.not(takeBuffer(1 << 25).buffer, first.buffer);
});

test('an input keeps its memory until it is encoded, however long that takes', async (t) => {
  const folder = await workFolder();
  t.teardown(() => removeFolder(folder));
  const files = Array.from({ length: 10 }, (_, i) => {
    return createHash('shake256', { outputLength: 90_000 - i })
      .update(String(i))
      .digest();
  });
  await Promise.all(files.map((file, i) => writeFile(join(folder, String(i)), file)));
  const slow: Encoder = {
    ...createJpegCodec(),
    async encode(source) {
      // While the longest is encoded, the others are read and encoded many times over.
      await sleep(source.length === files[0].length ? 200 : 1);
      return { symbols: Uint8Array.from(source), width: 1, height: 1 };
    },
  };
  const bases = [folder];
  const context = { inputs: createInputEncoder(slow, bases, jpeg), bases, valFraction: 0 };
  const lane = async (first: number) => {
    for (let i = first; i < 20; i++) {
      const docId = i % files.length;
      const input = { docId, input: { source: 0, path: String(docId) } };
      const { documents } = await encodeBatch([input], context);
      t.deepEqual(documents[0].document.symbols, Uint8Array.from(files[docId]));
    }
  };
  await Promise.all([0, 1, 2, 3].map(lane));
});

test('only memory that was taken here is kept, and each only once', (t) => {
  const size = 100_000;
  const first = takeBuffer(size);
  giveBuffer(first);
  giveBuffer(first);
  const [again, other] = [takeBuffer(size - 10), takeBuffer(size)];
  t.is(again.buffer, first.buffer);
  t.not(other.buffer, first.buffer, 'given back twice, it is there once');
  giveBuffer(again);
  giveBuffer(other);
  const foreign = Buffer.alloc(2 * size);
  giveBuffer(foreign);
  for (let i = 0; i < 5; i++) t.not(takeBuffer(size).buffer, foreign.buffer);
});
