import type { Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import type { LlamaConfig } from '../../../trainer/model/config.ts';
import { initialWeights } from '../../../trainer/model/init.ts';
import { Llama } from '../../../trainer/model/llama.ts';
import type { CachedSequence, Engine } from '../../../trainer/sample/engine/engine.ts';
import { createWasmEngine } from '../../../trainer/sample/engine/wasm-engine.ts';
import { difference } from '../../helpers/gradcheck.ts';

const CONFIG: LlamaConfig = {
  vocabSize: 29,
  hiddenSize: 32,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  intermediateSize: 40,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 200,
  bosId: 26,
  eosId: 27,
  padId: 28,
};
/** Larger than a trained model's start, so that attention and the output are far from flat. */
const weights = initialWeights(CONFIG, 3);
for (const { shape, data } of weights.values()) {
  if (shape.length > 1) data.set(data.map((value) => value * 12));
}

const someIds = (length: number, seed: number) =>
  Array.from({ length }, (_, i) => (i * i * 7 + i * seed + (i % 5)) % 26);

const create = (threads: number, sequences = 4): Engine =>
  createWasmEngine(CONFIG, weights, { sequences, positions: 200, threads })!;

/** Reads ids in pieces of the given length and returns the logits after each token. */
async function read(engine: Engine, sequence: CachedSequence, ids: number[], piece: number) {
  const logits: Float32Array[] = [];
  for (let from = 0; from < ids.length; from += piece) {
    const rows = ids.slice(from, from + piece).map((id) => ({ sequence, id, wantsLogits: true }));
    for (const row of await engine.step(rows)) logits.push(row.slice());
  }
  return logits;
}

for (const threads of [1, 2]) {
  test(`${threads} threads: prompts of several lengths in one batch give the logits of a full pass`, async (t) => {
    const backend = await chooseBackend();
    const model = new Llama(backend, CONFIG, weights);
    const engine = create(threads);
    const prompts = [1, 63, 130].map((length, i) => someIds(length + 40, i + 1));
    const sequences = prompts.map((ids) => engine.open(ids.length)!);
    const last: (Float32Array | undefined)[][] = prompts.map(() => []);
    for (const [i, sequence] of sequences.entries()) {
      const given = prompts[i].slice(0, -40);
      last[i] = await read(engine, sequence, given, 50);
    }
    for (let drawn = 0; drawn < 40; drawn++) {
      const rows = sequences.map((sequence, i) => ({
        sequence,
        id: prompts[i][sequence.length],
        wantsLogits: true,
      }));
      for (const [i, logits] of (await engine.step(rows)).entries()) last[i].push(logits.slice());
    }
    for (const [i, ids] of prompts.entries()) {
      const input = backend.tf.tensor2d([ids], [1, ids.length], 'int32') as Tensor2D;
      const [full] = model.forward(input).arraySync();
      const worst = Math.max(...full.map((row, at) => difference(row, last[i][at]!)));
      t.true(worst < 1e-4, `${i}: ${worst}`);
      const spread = Math.max(...full.flat()) - Math.min(...full.flat());
      t.true(spread > 1, `the logits are all alike: ${spread}`);
    }
    model.dispose();
    await engine.dispose();
  });
}

test('a row is the same to the last bit alone, among others, in pieces and on more threads', async (t) => {
  const ids = someIds(150, 3);
  const alone = create(1);
  const expected = await read(alone, alone.open(150)!, ids, 1);
  const [together, threaded] = [create(1), create(2)];
  for (const [engine, piece] of [
    [together, 64],
    [together, 7],
    [together, 6],
    [together, 5],
    [threaded, 13],
  ] as const) {
    const other = engine.open(30)!;
    await read(engine, other, someIds(30, 8), 30);
    const sequence = engine.open(150)!;
    t.deepEqual(await read(engine, sequence, ids, piece), expected);
    engine.close(other);
    engine.close(sequence);
  }
  const sequences = [0, 1, 2].map(() => together.open(60)!);
  for (let i = 0; i < 60; i++) {
    const rows = sequences.map((sequence, n) => ({
      sequence,
      id: n === 1 ? ids[i] : (ids[i] + n) % 26,
      wantsLogits: n === 1,
    }));
    t.deepEqual(await together.step(rows), [expected[i]]);
  }
  for (const engine of [alone, together, threaded]) await engine.dispose();
});

test('over several groups of pages: the logits of a full pass, and the same on one thread or three', async (t) => {
  const ids = someIds(1150, 2);
  const size = { sequences: 2, positions: 1200 };
  const engines = [1, 3].map((threads) => createWasmEngine(CONFIG, weights, { ...size, threads })!);
  const [one, three] = engines;
  const whole = await read(one, one.open(1150)!, ids, 64);
  // A prompt and then single tokens, beside a sequence that begins.
  const sequence = three.open(1150)!;
  const other = three.open(40)!;
  t.deepEqual(await read(three, sequence, ids.slice(0, 1120), 50), whole.slice(0, 1120));
  for (let i = 1120; i < 1150; i++) {
    const rows = [
      { sequence: other, id: ids[i], wantsLogits: false },
      { sequence, id: ids[i], wantsLogits: true },
    ];
    t.deepEqual(await three.step(rows), [whole[i]]);
  }
  const backend = await chooseBackend();
  const model = new Llama(backend, CONFIG, weights);
  const full = backend.tf.tidy(() => {
    const input = backend.tf.tensor2d([ids], [1, ids.length], 'int32') as Tensor2D;
    return model.forward(input).arraySync()[0];
  });
  const worst = Math.max(...full.map((row, at) => difference(row, whole[at])));
  t.true(worst < 1e-4, `${worst}`);
  model.dispose();
  for (const engine of engines) await engine.dispose();
});

for (const [size, heads, kvHeads] of [
  [4, 4, 4],
  [12, 4, 2],
  [16, 2, 1],
]) {
  test(`heads of ${size}: the logits of a full pass`, async (t) => {
    const config = { ...CONFIG, hiddenSize: size * heads, heads, kvHeads, layers: 2 };
    const own = initialWeights(config, 5);
    for (const { shape, data } of own.values()) {
      if (shape.length > 1) data.set(data.map((value) => value * 12));
    }
    const ids = someIds(100, 4);
    const engine = createWasmEngine(config, own, { sequences: 1, positions: 100, threads: 2 })!;
    const logits = await read(engine, engine.open(100)!, ids, 30);
    const backend = await chooseBackend();
    const model = new Llama(backend, config, own);
    const input = backend.tf.tensor2d([ids], [1, ids.length], 'int32') as Tensor2D;
    const [full] = model.forward(input).arraySync();
    const worst = Math.max(...full.map((row, at) => difference(row, logits[at])));
    t.true(worst < 1e-4, `${worst}`);
    model.dispose();
    await engine.dispose();
  });
}

test('room is given, refused when there is none, and given again', async (t) => {
  const engine = create(1, 2);
  const held = [engine.open(200), engine.open(200)];
  t.is(engine.open(1), undefined);
  engine.close(held[0]!);
  t.not(engine.open(1), undefined);
  const error = await t.throwsAsync(async () => engine.open(10_000));
  t.regex(error.message, /not planned for/);
  await engine.dispose();
});

test('a model whose sizes are no whole vectors is left to another engine', (t) => {
  const odd = { ...CONFIG, hiddenSize: 36, heads: 6, kvHeads: 6 };
  const size = { sequences: 1, positions: 8 };
  t.is(createWasmEngine(odd, initialWeights(odd, 1), size), undefined);
});

test('a sequence that begins as another one has its logits, to the last bit, and room is shared', async (t) => {
  const ids = someIds(190, 4);
  const engine = create(1, 3);
  const alone = engine.open(200)!;
  const expected = await read(engine, alone, ids, 64);
  engine.close(alone);
  for (const length of [1, 63, 64, 100, 128]) {
    const source = engine.open(200)!;
    await read(engine, source, ids.slice(0, length), 50);
    const fork = engine.fork!(source, length, 200)!;
    const third = engine.fork!(source, length, 200)!;
    t.is(fork.length, length);
    t.is(engine.open(1), undefined);
    // All three write behind the same beginning, each something else.
    const other = await read(engine, source, someIds(190 - length, 9), 64);
    const found = await read(engine, fork, ids.slice(length), 64);
    engine.close(source);
    t.deepEqual(found, expected.slice(length));
    t.notDeepEqual(other[5], found[5]);
    t.deepEqual(await read(engine, third, ids.slice(length), 7), expected.slice(length));
    engine.close(third);
    engine.close(fork);
  }
  // Every page is free again.
  const all = [1, 2, 3].map(() => engine.open(200));
  t.true(all.every((sequence) => sequence !== undefined));
  await engine.dispose();
});
