import test from 'ava';
import { type FloatType, fromFloat32, toFloat32 } from '../../../../base/safetensors/floats.ts';
import type { Weights } from '../../../../base/safetensors/weights.ts';
import { WEIGHTS_TYPES, type WeightsType } from '../../../../schemas/sample.ts';
import type { Engine } from '../../../../trainer/sample/engine/engine.ts';
import { createWasmEngine } from '../../../../trainer/sample/engine/wasm-engine.ts';
import { BLOCKED_CONFIG, largeWeights, readIds, rms, someIds } from '../../../helpers/engine.ts';

const weights = largeWeights(BLOCKED_CONFIG, 3);

const create = (
  type: WeightsType,
  threads: number,
  from: Weights = weights,
  cache?: 'fp32',
): Engine =>
  createWasmEngine(BLOCKED_CONFIG, from, {
    ...{ sequences: 4, positions: 200, threads, weights: type, cache },
  })!;

/** Matrices as a file of that type has them. */
function rounded(type: FloatType): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const isMatrix = shape.length > 1 && !name.includes('embed');
      const narrow = () => toFloat32(Buffer.from(fromFloat32(data, type)), type);
      return [name, { shape, data: isMatrix ? narrow() : data }];
    }),
  );
}

for (const type of WEIGHTS_TYPES) {
  test(`${type}: a row is the same to the last bit alone, among others, in pieces and on more threads`, async (t) => {
    const ids = someIds(150, 3);
    const alone = create(type, 1);
    const expected = await readIds(alone, alone.open(150)!, ids, 1);
    const [together, threaded] = [create(type, 1), create(type, 2)];
    for (const [engine, piece] of [
      [together, 64],
      [together, 16],
      [together, 7],
      [together, 6],
      [together, 5],
      [threaded, 13],
    ] as const) {
      const other = engine.open(30)!;
      await readIds(engine, other, someIds(30, 8), 30);
      const sequence = engine.open(150)!;
      t.deepEqual(await readIds(engine, sequence, ids, piece), expected);
      engine.close(other);
      engine.close(sequence);
    }
    const sequences = [0, 1, 2].map(() => together.open(60)!);
    for (let i = 0; i < 60; i++) {
      const rows = sequences.map((sequence, n) => ({
        ...{ sequence, id: n === 1 ? ids[i] : (ids[i] + n) % 26, wantsLogits: n === 1 },
      }));
      t.deepEqual(await together.step(rows), [expected[i]]);
    }
    for (const engine of [alone, together, threaded]) await engine.dispose();
  });
}

for (const [type, file] of [
  ['bf16', 'BF16'],
  ['fp16', 'F16'],
] as const) {
  test(`${type}: the logits of fp32 with matrices of a ${file} file, to the last bit`, async (t) => {
    const ids = someIds(100, 5);
    const [narrow, wide] = [create(type, 1, weights, 'fp32'), create('fp32', 1, rounded(file))];
    const expected = await readIds(wide, wide.open(100)!, ids, 20);
    t.deepEqual(await readIds(narrow, narrow.open(100)!, ids, 20), expected);
    for (const engine of [narrow, wide]) await engine.dispose();
  });
}

test('fp16: numbers below its normal range keep their value', async (t) => {
  const small = new Map(weights);
  const name = 'lm_head.weight';
  const { shape, data } = small.get(name)!;
  small.set(name, { shape, data: data.map((_, i) => (i % 1023) * 2 ** -24) });
  const ids = someIds(20, 1);
  const [narrow, wide] = [create('fp16', 1, small, 'fp32'), create('fp32', 1, small)];
  const close = rounded('F16');
  close.set(name, small.get(name)!);
  const exact = create('fp32', 1, close);
  const expected = await readIds(exact, exact.open(20)!, ids, 20);
  t.deepEqual(await readIds(narrow, narrow.open(20)!, ids, 20), expected);
  for (const engine of [narrow, wide, exact]) await engine.dispose();
});

/** One scale for all, bfloat16 and rounded up. */
function roundBlock(block: Float32Array): void {
  const bits = Float32Array.of(Math.max(...block.map(Math.abs)) / 63);
  const upper = new Uint32Array(bits.buffer);
  upper[0] = (upper[0] + 0xffff) & 0xffff0000;
  const scale = bits[0];
  if (scale > 0) block.set(block.map((value) => Math.round(value * (1 / scale)) * scale));
}

/** Matrices as int8 holds them: 64 weights of an output share a scale. */
function inBlocks(source: Weights): Weights {
  return new Map(
    [...source].map(([name, { shape, data }]) => {
      if (shape.length === 1 || name.includes('embed')) return [name, { shape, data }];
      const values = data.slice();
      for (let row = 0; row < shape[0]; row++) {
        for (let from = 0; from < shape[1]; from += 64) {
          const begin = row * shape[1] + from;
          roundBlock(values.subarray(begin, begin + Math.min(64, shape[1] - from)));
        }
      }
      return [name, { shape, data: values }];
    }),
  );
}

test('int8: logits near those of the rounded weights, for rows are rounded too, and of fp32', async (t) => {
  const special = new Map(weights);
  const name = 'model.layers.1.mlp.down_proj.weight';
  const { shape, data } = special.get(name)!;
  const changed = data.slice();
  // Whole outputs of zeros, a block of zeros, and one with a single number.
  changed.fill(0, 0, 96 * 8);
  changed.fill(0, 96 * 9, 96 * 9 + 64);
  changed[96 * 9] = -3;
  special.set(name, { shape, data: changed });
  const ids = someIds(150, 3);
  const engines = [create('int8', 1, special, 'fp32')];
  for (const from of [inBlocks(special), special]) engines.push(create('fp32', 1, from));
  const [found, rounded, exact] = await Promise.all(
    engines.map((engine) => readIds(engine, engine.open(150)!, ids, 50)),
  );
  const spread = rms(exact);
  // What products are, to the last bit, is in test/wasm/int8-mat-mul.test.ts.
  t.true(rms(found, rounded) < 0.6 * rms(rounded, exact), `${rms(found, rounded)} of ${spread}`);
  t.true(rms(found, exact) > rms(found, rounded), 'nothing was rounded');
  t.true(rms(found, exact) < 0.2 * spread, `${rms(found, exact)} of ${spread}`);
  for (const engine of engines) await engine.dispose();
});

for (const type of WEIGHTS_TYPES) {
  test(`${type}: weights too large make logits that are not finite, not wrong ones`, async (t) => {
    const huge = new Map(weights);
    for (const name of ['gate_proj', 'up_proj', 'down_proj'].map(
      (part) => `model.layers.0.mlp.${part}.weight`,
    )) {
      const { shape, data } = huge.get(name)!;
      huge.set(name, { shape, data: data.map((value) => value * 2e5) });
    }
    const { shape, data } = huge.get('model.layers.0.post_attention_layernorm.weight')!;
    huge.set('model.layers.0.post_attention_layernorm.weight', {
      shape,
      data: data.map(() => 1e25),
    });
    if (type === 'fp16') {
      t.throws(() => create(type, 1, huge), { code: 'CONFIG_INVALID', message: /fp16/ });
      return;
    }
    const engine = create(type, 1, huge);
    const [logits] = await readIds(engine, engine.open(4)!, [1], 1);
    t.false(logits.every((value) => Number.isFinite(value)));
    await engine.dispose();
  });
}

test('int8: a model whose rows are no whole blocks', async (t) => {
  const config = { ...BLOCKED_CONFIG, hiddenSize: 48 };
  const own = largeWeights(config, 1);
  const size = { sequences: 2, positions: 150, cache: 'fp32' as const };
  const engines = [
    createWasmEngine(config, own, { ...size, threads: 2, weights: 'int8' })!,
    createWasmEngine(config, inBlocks(own), { ...size, threads: 1 })!,
  ];
  const ids = someIds(150, 3);
  const [found, rounded] = await Promise.all(
    engines.map((engine) => readIds(engine, engine.open(150)!, ids, 50)),
  );
  const spread = rms(rounded);
  t.true(rms(found, rounded) < 0.1 * spread, `${rms(found, rounded)} of ${spread}`);
  for (const engine of engines) await engine.dispose();
});

test('int8: a feed-forward layer that is no whole blocks is filled up with zeros', async (t) => {
  const config = { ...BLOCKED_CONFIG, intermediateSize: 72 };
  const own = largeWeights(config, 1);
  const filled = new Map(own);
  for (const [name, { shape, data }] of own) {
    if (!name.includes('.mlp.')) continue;
    if (!name.includes('down_proj')) {
      const values = new Float32Array(96 * 64);
      values.set(data);
      filled.set(name, { shape: [96, 64], data: values });
      continue;
    }
    const values = new Float32Array(64 * 96);
    for (let row = 0; row < shape[0]; row++)
      values.set(data.subarray(72 * row, 72 * row + 72), 96 * row);
    filled.set(name, { shape: [64, 96], data: values });
  }
  const size = { sequences: 1, positions: 40, threads: 1, weights: 'int8' as const };
  const [short, whole] = [
    createWasmEngine(config, own, size)!,
    createWasmEngine({ ...config, intermediateSize: 96 }, filled, size)!,
  ];
  const ids = someIds(40, 2);
  const expected = await readIds(whole, whole.open(40)!, ids, 9);
  t.deepEqual(await readIds(short, short.open(40)!, ids, 9), expected);
  for (const engine of [short, whole]) await engine.dispose();
});

test('keys and values as bf16: logits near those of fp32, and half the memory', async (t) => {
  const ids = someIds(150, 6);
  const [narrow, wide] = (['bf16', 'fp32'] as const).map(
    (cache) =>
      createWasmEngine(BLOCKED_CONFIG, weights, {
        ...{ sequences: 1, positions: 150, threads: 1, weights: 'bf16', cache },
      })!,
  );
  const expected = await readIds(wide, wide.open(150)!, ids, 50);
  const found = await readIds(narrow, narrow.open(150)!, ids, 50);
  const spread = rms(expected);
  t.true(rms(found, expected) > 0);
  t.true(rms(found, expected) < 0.03 * spread, `${rms(found, expected)} of ${spread}`);
  for (const engine of [narrow, wide]) await engine.dispose();
});
