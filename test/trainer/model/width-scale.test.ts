/** The coordinate check of muP (Yang et al. 2022, appendix D.1), and the rates that reach the optimizer. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import { resolveConfig } from '../../../trainer/config/config.ts';
import type { LlamaConfig } from '../../../trainer/model/config.ts';
import { createLlama } from '../../../trainer/model/llama.ts';
import { lossAndGradients } from '../../../trainer/model/loss.ts';
import { widthRatio, widthScale } from '../../../trainer/model/width-scale.ts';
import { AdamW } from '../../../trainer/optim/adamw.ts';
import { backend } from '../../helpers/gradcheck.ts';

const BASE = 32;
const WIDTHS = [32, 64, 128, 256];
const STEPS = 4;

test('coordinate check: what steps change in the logits grows with the width, and not with muP', async (t) => {
  const [plain, scaled] = await Promise.all([slope(0), slope(BASE)]);
  t.true(plain > 0.4, `exponent of the width without muP: ${plain.toFixed(2)}`);
  t.true(Math.abs(scaled) < 0.2, `exponent of the width with muP: ${scaled.toFixed(2)}`);
});

test('widthScale: embedding and norms stay, matrices and the output layer go by the width', (t) => {
  const ratio = widthRatio(256, 64);
  t.deepEqual(widthScale('model.embed_tokens.weight', 2, ratio), { deviation: 1, rate: 1 });
  t.deepEqual(widthScale('model.norm.weight', 1, ratio), { deviation: 1, rate: 1 });
  const matrix = 'model.layers.0.mlp.down_proj.weight';
  t.deepEqual(widthScale(matrix, 2, ratio), { deviation: 0.5, rate: 0.25 });
  t.deepEqual(widthScale('lm_head.weight', 2, ratio), { deviation: 0.25, rate: 0.25 });
  t.deepEqual(widthScale(matrix, 2, widthRatio(256, 0)), { deviation: 1, rate: 1 }, 'off');
});

test('muP with tied embeddings is refused', async (t) => {
  await t.throwsAsync(
    resolveConfig({ set: ['model.tieEmbeddings=true', 'optim.mupBaseWidth=64'] }),
    { code: 'CONFIG_INVALID', message: /mupBaseWidth needs an output layer of its own/ },
  );
});

/** The exponent with which the change of the logits after some steps grows with the width. */
async function slope(baseWidth: number): Promise<number> {
  const changes = WIDTHS.map((width) => changeOfLogits(width, baseWidth));
  const [first, last] = [changes[0], changes.at(-1)!];
  return Math.log(last / first) / Math.log(WIDTHS.at(-1)! / WIDTHS[0]);
}

/** The root mean square of the change, over all logits. */
function changeOfLogits(width: number, baseWidth: number): number {
  const { tf } = backend;
  const ratio = widthRatio(width, baseWidth);
  const model = createLlama(backend, configOf(width), 7, ratio);
  const optimizer = new AdamW(backend, model.parameters, {
    betas: [0.9, 0.95],
    eps: 1e-8,
    weightDecay: 0,
    rateFactor: (name, dimensions) => widthScale(name, dimensions, ratio).rate,
  });
  const inputs = Int32Array.from({ length: 64 }, (_, i) => (i * 7) % 24);
  const targets = Int32Array.from({ length: 64 }, (_, i) => ((i + 1) * 7) % 24);
  const logits = (): Tensor => model.forward(tf.tensor2d(inputs, [4, 16], 'int32') as Tensor2D);
  const change = tf.tidy(() => {
    const before = logits();
    for (let step = 0; step < STEPS; step++) {
      const { gradients } = lossAndGradients(model, inputs, targets, 4, 1 / targets.length, {});
      optimizer.apply(gradients, 3e-3);
      tf.dispose([...gradients.values()]);
    }
    return tf.sqrt(tf.mean(tf.square(tf.sub(logits(), before)))).dataSync()[0];
  });
  optimizer.dispose();
  model.dispose();
  return change;
}

/** Wider by more heads of the same size. */
function configOf(width: number): LlamaConfig {
  return {
    vocabSize: 27,
    hiddenSize: width,
    layers: 2,
    heads: width / 16,
    kvHeads: width / 16,
    intermediateSize: 2.5 * width,
    ropeTheta: 10_000,
    normEps: 1e-5,
    tieEmbeddings: false,
    maxPositions: 16,
    bosId: 24,
    eosId: 25,
    padId: 26,
  };
}
