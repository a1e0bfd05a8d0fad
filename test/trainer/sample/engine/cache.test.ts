import test from 'ava';
import { CACHE_TYPES, type CacheType } from '../../../../schemas/sample.ts';
import { planCache } from '../../../../trainer/sample/engine/cache.ts';
import type { Engine } from '../../../../trainer/sample/engine/engine.ts';
import { planLayout } from '../../../../trainer/sample/engine/regions.ts';
import { createWasmEngine } from '../../../../trainer/sample/engine/wasm-engine.ts';
import {
  BLOCKED_CONFIG,
  largeWeights,
  readIds,
  rms,
  SEVEN_BILLION,
  someIds,
} from '../../../helpers/engine.ts';

const weights = largeWeights(BLOCKED_CONFIG, 3);
const GIB = 2 ** 30;

const create = (cache: CacheType, threads = 1): Engine =>
  createWasmEngine(BLOCKED_CONFIG, weights, { sequences: 4, positions: 200, threads, cache })!;

for (const cache of CACHE_TYPES) {
  test(`${cache}: a row is the same to the last bit alone, in pieces, on used pages and on more threads`, async (t) => {
    const ids = someIds(150, 3);
    const alone = create(cache);
    const expected = await readIds(alone, alone.open(150)!, ids, 1);
    const [together, threaded] = [create(cache), create(cache, 2)];
    for (const [engine, piece] of [
      [together, 64],
      [together, 7],
      [threaded, 13],
    ] as const) {
      // Its pages are the next one's, who must not see what is left in them.
      const other = engine.open(150)!;
      await readIds(engine, other, someIds(150, 8), 30);
      engine.close(other);
      const sequence = engine.open(150)!;
      t.deepEqual(await readIds(engine, sequence, ids, piece), expected);
      engine.close(sequence);
    }
    for (const engine of [alone, together, threaded]) await engine.dispose();
  });

  test(`${cache}: two sequences that begin alike are those that were read apart`, async (t) => {
    const engine = create(cache);
    const ids = someIds(150, 4);
    const whole = await readIds(engine, engine.open(150)!, ids, 50);
    for (const shared of [63, 64, 65, 101]) {
      const source = engine.open(150)!;
      await readIds(engine, source, ids.slice(0, shared), 50);
      const fork = engine.fork!(source, shared, 150)!;
      await readIds(engine, source, someIds(40, 9), 40);
      t.deepEqual(await readIds(engine, fork, ids.slice(shared), 50), whole.slice(shared));
      engine.close(source);
      engine.close(fork);
    }
    await engine.dispose();
  });
}

test('narrower keys and values: logits near those of fp32', async (t) => {
  const ids = someIds(150, 6);
  const [wide, half, byte] = await Promise.all(
    CACHE_TYPES.map(async (cache) => {
      const engine = create(cache);
      const logits = await readIds(engine, engine.open(150)!, ids, 50);
      await engine.dispose();
      return logits;
    }),
  );
  const spread = rms(wide);
  t.true(rms(half, wide) > 0 && rms(byte, wide) > 0);
  t.true(rms(half, wide) < 0.03 * spread, `${rms(half, wide)} of ${spread}`);
  t.true(rms(byte, wide) < 0.06 * spread, `${rms(byte, wide)} of ${spread}`);
});

test('int8: keys and values of zeros, and numbers that are not finite', async (t) => {
  const name = 'model.layers.1.self_attn.k_proj.weight';
  const size = { sequences: 1, positions: 100, threads: 1 };
  for (const [fill, cache] of [
    [0, 'int8'],
    [0, 'fp32'],
    [3e38, 'int8'],
  ] as const) {
    const changed = new Map(weights);
    const { shape, data } = weights.get(name)!;
    changed.set(name, { shape, data: data.map(() => fill) });
    const engine = createWasmEngine(BLOCKED_CONFIG, changed, { ...size, cache })!;
    const rows = await readIds(engine, engine.open(80)!, someIds(80, 2), 40);
    const allFinite = rows.every((row) => row.every((value) => Number.isFinite(value)));
    t.is(allFinite, fill === 0, `${fill} as ${cache}`);
    await engine.dispose();
  }
});

test('int8: heads that it does not allow are refused', (t) => {
  const config = { ...BLOCKED_CONFIG, heads: 8, kvHeads: 8 };
  const size = { sequences: 1, positions: 8, cache: 'int8' as const };
  t.throws(() => createWasmEngine(config, largeWeights(config, 1), size), {
    code: 'CONFIG_INVALID',
    message: /cache int8: heads of 8 numbers/,
  });
});

const PLAN = { threads: 2, sequences: 1, positions: 12_288 };

test('7 billion parameters with 12,288 tokens: 16.5 GiB in bf16 and 9.5 GiB in int8, keys and values as int8', (t) => {
  for (const [type, most] of [
    ['bf16', 16.5],
    ['int8', 9.5],
  ] as const) {
    const layout = planLayout(
      SEVEN_BILLION,
      { ...PLAN, weights: type, cache: 'int8' },
      undefined,
      22 * GIB,
    );
    t.true(layout.bytes <= most * GIB, `${type}: ${layout.bytes / GIB} GiB`);
    t.true(layout.pageCount * 64 >= 12_288);
  }
});

test('the usual format where there is room, int8 with a remark where there is none, else an error', (t) => {
  const plan = { ...PLAN, weights: 'bf16' as const };
  const planned = (usableBytes: number, cache?: CacheType) =>
    planCache(SEVEN_BILLION, plan, { usableBytes, cache });
  t.is(planned(22 * GIB).layout.cache, 'bf16');
  t.is(planned(22 * GIB).remark, undefined);
  const narrow = planned(17 * GIB);
  t.is(narrow.layout.cache, 'int8');
  t.regex(narrow.remark!, /held as int8: as bf16 they do not fit/);
  t.throws(() => planned(17 * GIB, 'bf16'), { code: 'MEMORY_LIMIT' });
  t.throws(() => planned(14 * GIB), {
    code: 'MEMORY_LIMIT',
    message: /the keys and values of 12288 tokens 3\.\d GiB, of 14\.0 GiB/,
  });
  const small = { ...PLAN, positions: 64, weights: 'fp32' as const };
  t.is(planCache(BLOCKED_CONFIG, small).layout.cache, 'fp32');
});
