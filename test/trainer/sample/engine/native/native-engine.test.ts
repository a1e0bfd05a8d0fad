import type { Tensor2D } from '@tensorflow/tfjs';
import type { ExecutionContext } from 'ava';
import type { Weights } from '../../../../../base/safetensors/weights.ts';
import { chooseBackend } from '../../../../../compute/choose.ts';
import { pickInstalled } from '../../../../../compute/native.ts';
import type { LlamaConfig } from '../../../../../trainer/model/config.ts';
import { initialWeights } from '../../../../../trainer/model/init.ts';
import { Llama } from '../../../../../trainer/model/llama.ts';
import type { CachedSequence, Engine } from '../../../../../trainer/sample/engine/engine.ts';
import { loadNativeEngine } from '../../../../../trainer/sample/engine/native/native-engine.ts';
import type { NativeWeights } from '../../../../../trainer/sample/engine/native/ops.ts';
import { createWasmEngine } from '../../../../../trainer/sample/engine/wasm-engine.ts';
import { difference } from '../../../../helpers/gradcheck.ts';
import { testIf } from '../../../../helpers/tools.ts';

/** A test of the native engine; where its library is not set up it is skipped, and says so. */
const withNative = (title: string, body: (t: ExecutionContext) => void | Promise<void>) =>
  testIf(Boolean(pickInstalled()), 'the native backend is not set up', title, body);

const CONFIG: LlamaConfig = {
  vocabSize: 29,
  hiddenSize: 32,
  layers: 3,
  heads: 4,
  kvHeads: 4,
  intermediateSize: 40,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 400,
  bosId: 26,
  eosId: 27,
  padId: 28,
};
const SIZE = { sequences: 4, positions: 400, threads: 2 };

const MODELS: Readonly<Record<string, LlamaConfig>> = {
  plain: CONFIG,
  'grouped keys, tied embeddings': { ...CONFIG, kvHeads: 2, tieEmbeddings: true },
  'QK-norm': { ...CONFIG, kvHeads: 2, qkNorm: true },
};

/** Larger than a trained model's start, so that attention and the output are far from flat. */
function largeWeights(config: LlamaConfig): Weights {
  const weights = initialWeights(config, 3);
  for (const { shape, data } of weights.values()) {
    data.set(data.map((value, i) => (shape.length > 1 ? value * 12 : value + 0.1 * (i % 3))));
  }
  return weights;
}

const someIds = (length: number, seed: number) =>
  Array.from({ length }, (_, i) => (i * i * 7 + i * seed + (i % 5)) % 26);

function create(config: LlamaConfig, weights: Weights, type: NativeWeights = 'fp32') {
  return loadNativeEngine(config, { ...SIZE, weights: type }, async (write) => {
    for (const [name, { shape, data }] of weights) await write(name, shape, data);
  });
}

async function fullPass(config: LlamaConfig, weights: Weights, ids: number[]) {
  const backend = await chooseBackend();
  const model = new Llama(backend, config, weights);
  const full = backend.tf.tidy(() => {
    const input = backend.tf.tensor2d([ids], [1, ids.length], 'int32') as Tensor2D;
    return model.forward(input).arraySync()[0];
  });
  model.dispose();
  return full;
}

/** Reads ids in pieces of the given length and returns the logits after each token. */
async function read(engine: Engine, sequence: CachedSequence, ids: number[], piece: number) {
  const logits: Float32Array[] = [];
  for (let from = 0; from < ids.length; from += piece) {
    const rows = ids.slice(from, from + piece).map((id) => ({ sequence, id, wantsLogits: true }));
    for (const row of await engine.step(rows)) logits.push(row.slice());
  }
  return logits;
}

for (const [name, config] of Object.entries(MODELS)) {
  withNative(
    `${name}: prompts and tokens of several sequences give the logits of a full pass`,
    async (t) => {
      const weights = largeWeights(config);
      const engine = await create(config, weights);
      const texts = [1, 63, 130].map((length, i) => someIds(length + 40, i + 1));
      const sequences = texts.map((ids) => engine.open(ids.length)!);
      const found = await Promise.all(texts.map(async () => [] as Float32Array[]));
      for (const [i, sequence] of sequences.entries()) {
        found[i] = await read(engine, sequence, texts[i].slice(0, -40), 50);
      }
      for (let drawn = 0; drawn < 40; drawn++) {
        const rows = sequences.map((sequence, i) => ({
          sequence,
          id: texts[i][sequence.length],
          wantsLogits: true,
        }));
        for (const [i, logits] of (await engine.step(rows)).entries()) found[i].push(logits);
      }
      for (const [i, ids] of texts.entries()) {
        const full = await fullPass(config, weights, ids);
        const worst = Math.max(...full.map((row, at) => difference(row, found[i][at])));
        t.true(worst < 1e-4, `${i}: ${worst}`);
        const spread = Math.max(...full.flat()) - Math.min(...full.flat());
        t.true(spread > 1, `the logits are all alike: ${spread}`);
      }
      await engine.dispose();
    },
  );
}

withNative(
  'sequences are forked, closed and moved, and keys and values grow, without a trace in logits',
  async (t) => {
    const weights = largeWeights(CONFIG);
    const engine = await create(CONFIG, weights);
    const [first, second] = [someIds(180, 1), someIds(60, 2)];
    const expected = await fullPass(CONFIG, weights, first);
    const beginning = engine.open(190)!;
    await read(engine, beginning, first.slice(0, 100), 60);
    const gap = engine.open(60)!;
    await read(engine, gap, second, 60);
    const fork = engine.fork!(beginning, 80, 190)!;
    t.is(fork.length, 80);
    const other = engine.open(60)!;
    t.is(engine.open(10), undefined);
    engine.close(beginning);
    await read(engine, other, second.slice(0, 30), 7);
    // The fork moves into the place of what was closed.
    engine.close(gap);
    const found = await read(engine, fork, first.slice(80, 130), 1);
    for (let at = 130; at < 180; at++) {
      const rows = [
        { sequence: fork, id: first[at], wantsLogits: true },
        ...(at < 140 ? [{ sequence: other, id: second[at - 100], wantsLogits: false }] : []),
      ];
      found.push(...(await engine.step(rows)));
    }
    const worst = Math.max(...found.map((row, i) => difference(expected[80 + i], row)));
    t.true(worst < 1e-4, `${worst}`);
    const [whole, rest] = [await fullPass(CONFIG, weights, second), second.slice(40)];
    const last = (await read(engine, other, rest, 20)).at(-1)!;
    t.true(difference(whole[59], last) < 1e-4);
    await engine.dispose();
  },
);

withNative('bf16: near the WebAssembly engine with the same weights', async (t) => {
  const weights = initialWeights(CONFIG, 3);
  const ids = someIds(120, 5);
  const wasm = createWasmEngine(CONFIG, weights, { ...SIZE, weights: 'bf16' })!;
  const expected = await read(wasm, wasm.open(120)!, ids, 60);
  const engine = await create(CONFIG, weights, 'bf16');
  const prompt = await read(engine, engine.open(120)!, ids, 60);
  const single = await read(engine, engine.open(120)!, ids, 1);
  for (const found of [prompt, single]) {
    const worst = Math.max(...found.map((row, i) => difference([...expected[i]], row)));
    t.true(worst < 1e-3, `${worst}`);
  }
  await wasm.dispose();
  await engine.dispose();
});
