import test from 'ava';
import { WEIGHTS_TYPES } from '../../../../schemas/sample.ts';
import { planLayout } from '../../../../trainer/sample/engine/regions.ts';
import { createWasmEngine } from '../../../../trainer/sample/engine/wasm-engine.ts';
import {
  BLOCKED_CONFIG,
  largeWeights,
  readIds,
  SEVEN_BILLION,
  someIds,
} from '../../../helpers/engine.ts';

const GIB = 2 ** 30;

for (const weights of WEIGHTS_TYPES) {
  test(`${weights}: in three memories the logits of one, to the last bit`, async (t) => {
    const own = largeWeights(BLOCKED_CONFIG, 7);
    const size = { sequences: 2, positions: 150, threads: 2, weights };
    const plan = { ...size, cache: weights === 'fp32' ? ('fp32' as const) : ('bf16' as const) };
    const one = planLayout(BLOCKED_CONFIG, plan);
    const layerBytes =
      one.regions[0].layers[1].attentionNorm - one.regions[0].layers[0].attentionNorm;
    // No two layers fit beside the activations.
    const memoryBytes = one.bytes - layerBytes - one.regions[0].layerBytes - 1;
    const three = planLayout(BLOCKED_CONFIG, plan, memoryBytes - layerBytes);
    t.is(three.regions.length, 3);
    t.is(three.pageCount, one.pageCount);
    const engines = [undefined, memoryBytes - layerBytes].map(
      (limit) => createWasmEngine(BLOCKED_CONFIG, own, { ...size, memoryBytes: limit })!,
    );
    t.regex(engines[1].description, /in 3 memories/);
    const ids = someIds(150, 4);
    const read = await Promise.all(
      engines.map(async (engine) => {
        const other = engine.open(20)!;
        await readIds(engine, other, someIds(20, 1), 20);
        return readIds(engine, engine.open(150)!, ids, 17);
      }),
    );
    t.deepEqual(read[1], read[0]);
    for (const engine of engines) await engine.dispose();
  });
}

test('7 billion parameters: several memories below 4 GiB, all layers in turn', (t) => {
  const plan = {
    threads: 2,
    sequences: 1,
    positions: 12_288,
    weights: 'int8' as const,
    cache: 'bf16' as const,
  };
  const layout = planLayout(SEVEN_BILLION, plan, undefined, 64 * GIB);
  t.true(layout.regions.every(({ bytes }) => bytes < 4 * GIB));
  t.true(layout.regions.length > 1);
  const layers = layout.regions.flatMap(({ fromLayer, layers }) =>
    layers.map((_, i) => fromLayer + i),
  );
  t.deepEqual(
    layers,
    Array.from({ length: 32 }, (_, i) => i),
  );
  t.deepEqual(
    layout.regions.map(({ hasEmbedding }) => hasEmbedding),
    layout.regions.map((_, i) => i === 0),
  );
  t.true(layout.pageCount * 64 >= 12_288);
  // With a prompt as long as in training, on a machine of 24 GiB.
  const bf16 = planLayout(SEVEN_BILLION, { ...plan, weights: 'bf16' }, undefined, 22 * GIB);
  t.true(bf16.bytes < 20 * GIB && layout.bytes < 14 * GIB, `${bf16.bytes} ${layout.bytes}`);
});

test('what does not fit into the machine is refused with the numbers, before memory is asked for', (t) => {
  const plan = {
    threads: 2,
    sequences: 1,
    positions: 2048,
    weights: 'bf16' as const,
    cache: 'bf16' as const,
  };
  t.throws(() => planLayout(SEVEN_BILLION, plan, undefined, 8 * GIB), {
    code: 'MEMORY_LIMIT',
    message:
      /takes 12\.\d GiB as bf16 and the keys and values of 2048 tokens \d\.\d GiB, of 8\.0 GiB/,
  });
  t.throws(() => planLayout(SEVEN_BILLION, { ...plan, positions: 2 ** 22 }), {
    code: 'MEMORY_LIMIT',
    message: /a layer takes .* a WebAssembly memory holds 4\.0 GiB/,
  });
});

test('where memory is short the cache has fewer pages, and none the longest sequence cannot do without', (t) => {
  const plan = {
    threads: 2,
    sequences: 16,
    positions: 2048,
    weights: 'int8' as const,
    cache: 'bf16' as const,
  };
  const [small, large] = [12, 64].map((gib) =>
    planLayout(SEVEN_BILLION, plan, undefined, gib * GIB),
  );
  t.true(small.bytes <= 12 * GIB);
  t.true(small.pageCount >= 2048 / 64);
  t.true(small.pageCount < large.pageCount);
  t.is(large.pageCount, 16 * (2048 / 64) + 16);
});
