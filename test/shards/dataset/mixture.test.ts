import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  furthestBehind,
  type Mixture,
  type MixtureBatch,
  type MixtureOptions,
  openMixture,
} from '../../../shards/dataset/mixture.ts';
import { makeDataset } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** Two datasets whose tokens tell them apart: below 128, and from 128. */
async function twoDatasets(t: ExecutionContext, weights: number[]): Promise<Mixture> {
  const dir = await temporaryFolder(t);
  const sources = [0, 1].map((i) => ({ dir: join(dir, String(i)), weight: weights[i] }));
  for (const [i, source] of sources.entries()) {
    const documents = Array.from({ length: 30 + 40 * i }, (_, n) =>
      Array.from({ length: 9 + (n % 5) }, (_, at) => 128 * i + ((n * 7 + at) % 128)),
    );
    await makeDataset(source.dir, documents);
  }
  const mixture = await openMixture(sources);
  t.teardown(() => mixture.close());
  return mixture;
}

async function take(mixture: Mixture, options: MixtureOptions, count: number) {
  const batches: MixtureBatch[] = [];
  for await (const batch of mixture.loader(options)) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

test('each dataset gives its share, and is known by its sequences', async (t) => {
  const mixture = await twoDatasets(t, [3, 1]);
  const batches = await take(mixture, { microBatch: 4, seed: 3 }, 50);
  for (const [step, batch] of batches.entries()) {
    t.deepEqual(batch.taken, [(step + 1) * 3, step + 1]);
    for (const [i, source] of batch.sources.entries()) {
      const row = [...batch.ids.subarray(i * 16, (i + 1) * 16)].filter((id) => id < 256);
      t.true(row.every((id) => id >= 128 === (source === 1)));
    }
  }
});

test('shares are kept at every length, for any weights', (t) => {
  const weights = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(weights, (list) => {
      const sum = list.reduce((total, weight) => total + weight, 0);
      const shares = list.map((weight) => weight / sum);
      const taken = shares.map(() => 0);
      for (let n = 1; n <= 300; n++) {
        taken[furthestBehind(shares, taken)]++;
        const off = taken.map((count, i) => count - shares[i] * n);
        if (off.some((value) => value > 1.001 || value < -shares.length)) return false;
      }
      return true;
    }),
  );
  t.pass();
});

test('a resumed mixture equals an uninterrupted one, with any number of ranks', async (t) => {
  const mixture = await twoDatasets(t, [1, Math.SQRT2]);
  const options = { seed: 5, seqLen: 8, segments: true };
  const whole = await take(mixture, { ...options, microBatch: 6 }, 60);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 56 }),
      fc.constantFrom(1, 2, 3, 6),
      async (cut, worldSize) => {
        const state = cut === 0 ? undefined : { taken: whole[cut - 1].taken, seed: 5 };
        const ranks = await Promise.all(
          Array.from({ length: worldSize }, (_, rank) => {
            const own = { microBatch: 6 / worldSize, rank, worldSize, state };
            return take(mixture, { ...options, ...own }, 3);
          }),
        );
        for (const key of ['ids', 'segments', 'sources'] as const) {
          for (let step = 0; step < 3; step++) {
            const joined = ranks.flatMap((batches) => [...batches[step][key]!]);
            t.deepEqual(joined, [...whole[cut + step][key]!]);
          }
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('a dataset that ends begins again in another order', async (t) => {
  const mixture = await twoDatasets(t, [1, 1]);
  const sequences = mixture.datasets[0].sequences('train');
  const batches = await take(mixture, { microBatch: 2 }, sequences * 2);
  const rows = batches.map(({ ids, sources }) => {
    const at = sources.indexOf(0) * 16;
    return ids.subarray(at, at + 16).join();
  });
  const [first, second] = [rows.slice(0, sequences), rows.slice(sequences)];
  t.notDeepEqual(first, second);
  t.deepEqual([...first].sort(), [...second].sort());
});

test('datasets that cannot be mixed are refused with the reason', async (t) => {
  const dir = await temporaryFolder(t);
  const [a, b] = [join(dir, 'a'), join(dir, 'b')];
  await makeDataset(a, [[1, 2, 3]]);
  await makeDataset(b, [[1, 2, 3]], { tokenizerHash: 'b'.repeat(64) });
  await t.throwsAsync(openMixture([]), { code: 'CONFIG_INVALID' });
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await t.throwsAsync(openMixture([{ dir: a, weight }]), {
      code: 'CONFIG_INVALID',
      message: /weight .* of .*a is not above 0/,
    });
  }
  const both = [a, b].map((path) => ({ dir: path, weight: 1 }));
  await t.throwsAsync(openMixture(both), {
    code: 'DATASET_MISMATCH',
    message: /b does not have the tokenizer of/,
  });
  const mixture = await openMixture([{ dir: a, weight: 1 }]);
  t.teardown(() => mixture.close());
  const start = (options: Partial<MixtureOptions>) => () =>
    mixture.loader({ microBatch: 1, ...options });
  t.throws(start({ state: { taken: [1, 2], seed: 0 } }), { message: /1 datasets .* had 2/ });
  t.throws(start({ state: { taken: [1], seed: 7 } }), { message: /seed is 0/ });
  t.throws(start({ state: { taken: [-1], seed: 0 } }), { message: /state\.taken: -1/ });
  t.throws(start({ split: 'val' }), { code: 'INPUT_EMPTY' });
});
