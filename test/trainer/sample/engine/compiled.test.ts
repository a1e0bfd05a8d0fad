/** Compiled kernels (compute/compiled/) in the engine: the logits of those in WebAssembly, to the last bit. */
import { findCompiled } from '../../../../compute/compiled/find.ts';
import { CACHE_TYPES, type CacheType, WEIGHTS_TYPES } from '../../../../schemas/sample.ts';
import type { LlamaConfig } from '../../../../trainer/model/config.ts';
import {
  createWasmEngine,
  type EngineSize,
} from '../../../../trainer/sample/engine/wasm-engine.ts';
import { BLOCKED_CONFIG, largeWeights, readIds, someIds } from '../../../helpers/engine.ts';
import { testIf } from '../../../helpers/tools.ts';

const library = findCompiled();
const why = 'the kernels are not compiled, or there is no AVX-512';

function both(config: LlamaConfig, size: Omit<EngineSize, 'sequences' | 'compiled'>) {
  const weights = largeWeights(config, 3);
  return [true, false].map(
    (compiled) => createWasmEngine(config, weights, { ...size, sequences: 2, compiled })!,
  );
}

testIf(!!library, why, 'each format of weights, for few and many rows', async (t) => {
  const ids = someIds(120, 4);
  for (const weights of WEIGHTS_TYPES) {
    const engines = both(BLOCKED_CONFIG, { positions: 120, threads: 2, weights });
    const [{ description }, plain] = engines;
    t.regex(description, /^WebAssembly kernels and AVX-512 on 2 threads/);
    t.regex(plain.description, /^WebAssembly kernels on 2 threads/);
    for (const piece of [1, 7, 64]) {
      const read = engines.map(async (engine) => {
        const sequence = engine.open(120)!;
        const logits = await readIds(engine, sequence, ids, piece);
        engine.close(sequence);
        return logits;
      });
      const [found, expected] = await Promise.all(read);
      t.deepEqual(found, expected);
    }
    for (const engine of engines) await engine.dispose();
  }
});

/** Sizes of heads, and queries of a key. */
const HEADS = [
  [16, 1],
  [48, 2],
  [64, 4],
  [80, 1],
  [128, 1],
] as const;

for (const cache of CACHE_TYPES) {
  testIf(!!library, why, `attention with keys and values as ${cache}`, async (t) => {
    for (const [size, queries] of HEADS) await compare(size, queries, cache);
    async function compare(size: number, queries: number, cache: CacheType) {
      const heads = 2 * queries;
      const config = { ...BLOCKED_CONFIG, layers: 1, heads, kvHeads: 2, hiddenSize: size * heads };
      // More than a group of pages, and pages that end anywhere.
      const length = 600;
      const engines = both(config, { positions: length, threads: 1, cache });
      const ids = someIds(length, size);
      const read = engines.map(async (engine) => {
        const sequence = engine.open(length)!;
        const begun = await readIds(engine, sequence, ids.slice(0, 70), 1);
        return [...begun, ...(await readIds(engine, sequence, ids.slice(70), 33))];
      });
      const [found, expected] = await Promise.all(read);
      t.deepEqual(found, expected, `heads of ${size}`);
      for (const engine of engines) await engine.dispose();
    }
  });
}
