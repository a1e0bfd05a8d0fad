import test from 'ava';
import fc from 'fast-check';
import { type Dataset, openDataset } from '../../../shards/dataset/dataset.ts';
import type { Batch, LoaderOptions } from '../../../shards/loader/loader.ts';
import { makeDataset, someDocuments } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const PAD = 258;

async function take(dataset: Dataset, options: LoaderOptions, count: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of dataset.loader(options)) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

test('without shuffling, an epoch is every token of every row in file order', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, someDocuments(30, 60));
  const dataset = await openDataset(dir);
  const expected: number[] = [];
  for await (const row of dataset.rows('train')) expected.push(...row.ids);
  for (const seqLen of [16, 8, 5]) {
    const options = { microBatch: 3, seqLen, shuffle: false, epochs: 1 };
    const found: number[] = [];
    for await (const batch of dataset.loader(options)) found.push(...batch.ids);
    const pieces = Math.ceil(16 / seqLen);
    const tokens = found.filter((_, i) => i % (pieces * seqLen) < 16);
    t.deepEqual(tokens.slice(0, expected.length), expected, `seqLen ${seqLen}`);
    t.true(tokens.slice(expected.length).every((id) => id === PAD));
    const filler = found.filter((_, i) => i % (pieces * seqLen) >= 16);
    t.true(filler.every((id) => id === PAD));
  }
  await dataset.close();
});

test('batches that are given back are used again, and hold the same ids', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, someDocuments(40, 50));
  const dataset = await openDataset(dir);
  const options = { microBatch: 3, seqLen: 8, epochs: 2, seed: 4 };
  const expected = (await take(dataset, options, Number.POSITIVE_INFINITY)).map(({ ids }) => [
    ...ids,
  ]);
  const loader = dataset.loader(options);
  const found: number[][] = [];
  const memories = new Set<ArrayBufferLike>();
  for await (const batch of loader) {
    found.push([...batch.ids]);
    memories.add(batch.ids.buffer);
    loader.recycle(batch);
    // A second time is nothing: no two batches may share memory.
    loader.recycle(batch);
    loader.recycle({ ids: new Int32Array(1) });
  }
  t.deepEqual(found, expected);
  t.true(memories.size <= 4, `${memories.size} of ${found.length} batches`);
  await dataset.close();
});

test('a resumed loader equals an uninterrupted one, also with another number of ranks', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, someDocuments(40, 50));
  const dataset = await openDataset(dir);
  const perStep = 6;
  const options = { seed: 9, seqLen: 8, shuffle: true };
  const whole = await take(dataset, { ...options, microBatch: perStep }, 60);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 55 }),
      fc.constantFrom(1, 2, 3, 6),
      async (cut, worldSize) => {
        const state =
          cut === 0
            ? undefined
            : { epoch: whole[cut - 1].epoch, position: whole[cut - 1].position, seed: 9 };
        const microBatch = perStep / worldSize;
        const ranks = await Promise.all(
          Array.from({ length: worldSize }, (_, rank) =>
            take(dataset, { ...options, microBatch, rank, worldSize, state }, 4),
          ),
        );
        for (let step = 0; step < 4; step++) {
          const joined = ranks.flatMap((batches) => [...batches[step].ids]);
          t.deepEqual(joined, [...whole[cut + step].ids]);
          t.is(ranks[0][step].position, whole[cut + step].position);
          t.is(ranks[0][step].epoch, whole[cut + step].epoch);
        }
      },
    ),
    { numRuns: 25 },
  );
  await dataset.close();
});

test('every epoch holds every sequence once, each in another order', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, someDocuments(40, 50));
  const dataset = await openDataset(dir);
  const loader = dataset.loader({ microBatch: 1, seed: 4, epochs: 3, segments: true });
  const epochs: string[][] = [];
  let current: string[] = [];
  for await (const batch of loader) {
    current.push(batch.ids.join());
    t.true(batch.segments!.every((segment, i) => (segment === -1) === (batch.ids[i] === PAD)));
    if (current.length < loader.sequences) continue;
    epochs.push(current);
    current = [];
  }
  t.is(epochs.length, 3);
  const rows: string[] = [];
  for await (const row of dataset.rows('train')) rows.push(row.ids.join());
  for (const epoch of epochs) t.deepEqual([...epoch].sort(), [...rows].sort());
  t.notDeepEqual(epochs[0], epochs[1]);
  t.notDeepEqual(epochs[0], rows);
  await dataset.close();
});

test('segments count the documents of a sequence from 0', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, [[1, 2, 3], [4], [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]], { seqLen: 16 });
  const dataset = await openDataset(dir);
  const options = { microBatch: 2, seqLen: 8, shuffle: false, segments: true, epochs: 1 };
  const [first, second] = await take(dataset, options, 2);
  t.deepEqual([...first.segments!], [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  t.deepEqual([...second.segments!].slice(0, 5), [0, 0, 0, 0, -1]);
  await dataset.close();
});

test('the train split never serves a held-out document', async (t) => {
  const dir = await temporaryFolder(t);
  // Documents say their number in each token, so tokens tell the split.
  const documents = Array.from({ length: 40 }, (_, i) => new Array<number>(i % 13).fill(i));
  await makeDataset(dir, documents, { isVal: (docId) => docId % 4 === 1 });
  const dataset = await openDataset(dir);
  for (const split of ['train', 'val'] as const) {
    for await (const batch of dataset.loader({ microBatch: 2, split, epochs: 1 })) {
      const data = [...batch.ids].filter((id) => id < 256);
      t.true(data.every((id) => (id % 4 === 1) === (split === 'val')));
    }
  }
  await dataset.close();
});

test('a step that runs over the last epoch is filled with padding on every rank', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, [[1, 2, 3]]);
  const dataset = await openDataset(dir);
  for (const rank of [0, 1, 2]) {
    const batches = await take(dataset, { microBatch: 2, rank, worldSize: 3, epochs: 2 }, 9);
    t.is(batches.length, 1);
    const real = [...batches[0].ids].filter((id) => id !== PAD).length;
    t.is(real, rank === 0 ? 10 : 0);
    t.deepEqual([batches[0].epoch, batches[0].position], [2, 0]);
  }
  await dataset.close();
});

test('wrong options name the option and the value', async (t) => {
  const dir = await temporaryFolder(t);
  await makeDataset(dir, someDocuments(5, 9));
  const dataset = await openDataset(dir);
  const wrong: [Partial<LoaderOptions>, RegExp][] = [
    [{ microBatch: 0 }, /microBatch: 0/],
    [{ rank: 2, worldSize: 2 }, /rank: 2/],
    [{ seqLen: 17 }, /seqLen: 17/],
    [{ seed: -1 }, /seed: -1/],
    [{ state: { epoch: 0, position: 0, seed: 8 } }, /seed is 0/],
    [{ state: { epoch: 0, position: 10_000, seed: 0 } }, /state\.position: 10000/],
  ];
  for (const [options, message] of wrong) {
    t.throws(() => dataset.loader({ microBatch: 1, ...options }), {
      code: 'CONFIG_INVALID',
      message,
    });
  }
  t.throws(() => dataset.loader({ microBatch: 1, split: 'val' }), { code: 'INPUT_EMPTY' });
  await dataset.close();
});
