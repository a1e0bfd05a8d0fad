import { readFile } from 'node:fs/promises';
import test from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { Batches, batchFor } from '../../../../tokenizer/codecs/vq/batches.ts';
import { vq } from '../../../../tokenizer/codecs/vq/index.ts';
import { loadVqModel } from '../../../../tokenizer/codecs/vq/model.ts';

test('one shape for a size', (t) => {
  t.deepEqual(
    [16, 32, 64, 100, 128, 256].map((size) => batchFor(size, 'cpu')),
    [16, 16, 4, 1, 1, 1],
  );
  t.deepEqual([batchFor(256, 'gpu'), batchFor(512, 'gpu')], [32, 8]);
});

test('items that come together are worked on together, places that are left are filled', async (t) => {
  const seen: number[][] = [];
  const batches = new Batches<number, number>(3, async (items) => {
    seen.push(items);
    return items.map((item) => item * 10);
  });
  const results = await Promise.all([1, 2, 3, 4].map((item) => batches.add(item)));
  t.deepEqual(results, [10, 20, 30, 40]);
  t.deepEqual(seen, [
    [1, 2, 3],
    [4, 4, 4],
  ]);
  const failing = new Batches<number, number>(2, () => Promise.reject(new Error('no')));
  const outcomes = await Promise.allSettled([failing.add(1), failing.add(2), failing.add(3)]);
  t.true(outcomes.every(({ status }) => status === 'rejected'));
});

test('an image has the codes that it has alone, whoever stands beside it', async (t) => {
  const dir = 'test/golden/vq/ithq';
  const size = 32;
  const picture = await readFile('test/golden/vq/picture.png');
  const codec = await vq.open({ size }, { vq: dir });
  const encoder = await codec.encoder();
  const others = await Promise.all(
    [90, 180, 270].map((angle) => sharp(picture).rotate(angle).png().toBuffer()),
  );
  const together = await Promise.all(
    [picture, ...others].map((file, n) => encoder.encode(file, `${n}`)),
  );
  const model = await loadVqModel(dir);
  for (const [n, file] of [picture, ...others].entries()) {
    const alone = await encoder.encode(file, `${n}`);
    t.deepEqual(together[n].symbols, alone.symbols);
    const pixels = await sharp(file).removeAlpha().raw().toBuffer();
    const [codes] = await model.encode([pixels], size, size);
    t.deepEqual([...alone.symbols], [...codes]);
  }
});
