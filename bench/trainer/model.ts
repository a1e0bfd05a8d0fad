/** A model with random weights and a step of training on random tokens, for benchmarks. */
import { type Backend, chooseBackend } from '../../compute/choose.ts';
import { type LlamaConfig, parameterCount } from '../../trainer/model/config.ts';
import { createLlama } from '../../trainer/model/llama.ts';
import { type LossOptions, lossAndGradients } from '../../trainer/model/loss.ts';
import { AdamW } from '../../trainer/optim/adamw.ts';
import { clipGradients } from '../../trainer/optim/clip.ts';
import { plainStep } from './plain.ts';

/** 3.3 M parameters; `--hidden 512 --layers 8 --heads 8 --intermediate 1408` has 26 M. */
export const OPTIONS = {
  vocab: 579,
  hidden: 256,
  layers: 4,
  heads: 8,
  kvHeads: 0,
  intermediate: 640,
  batch: 4,
  time: 512,
  /** 1 for yes, as of the next ones. */
  bf16: 0,
  checkpointing: 0,
  /** The same model and optimizer in tfjs's own ops and gradients. */
  plain: 0,
};

export type Sizes = Record<keyof typeof OPTIONS, number>;

export interface Bench {
  backend: Backend;
  parameters: number;
  /** Forward, backward, clipping and AdamW. */
  step(): Promise<void>;
}

export async function setUp(sizes: Sizes): Promise<Bench> {
  const config = configOf(sizes);
  const backend = await chooseBackend();
  const tokens = sizes.batch * sizes.time;
  const [inputs, targets] = [0, 1].map(() =>
    Int32Array.from({ length: tokens }, () => Math.random() * config.vocabSize),
  );
  const parameters = parameterCount(config);
  if (sizes.plain) {
    return { backend, parameters, step: plainStep(backend, config, inputs, targets, sizes.batch) };
  }
  const model = createLlama(backend, config, 0);
  const optimizer = new AdamW(backend, model.parameters, {
    betas: [0.9, 0.95],
    eps: 1e-8,
    weightDecay: 0.1,
  });
  const options: LossOptions = {
    precision: sizes.bf16 ? 'bf16' : 'fp32',
    checkpointing: sizes.checkpointing === 1,
  };
  const step = async () => {
    const scale = 1 / tokens;
    const { gradients } = lossAndGradients(model, inputs, targets, sizes.batch, scale, options);
    await clipGradients(backend, gradients, 1);
    optimizer.apply(gradients, 1e-3);
    backend.tf.dispose([...gradients.values()]);
  };
  return { backend, parameters, step };
}

export function configOf(sizes: Sizes): LlamaConfig {
  return {
    vocabSize: sizes.vocab,
    hiddenSize: sizes.hidden,
    layers: sizes.layers,
    heads: sizes.heads,
    kvHeads: sizes.kvHeads || sizes.heads,
    intermediateSize: sizes.intermediate,
    ropeTheta: 10_000,
    normEps: 1e-5,
    tieEmbeddings: false,
    maxPositions: sizes.time,
    bosId: 0,
    eosId: 1,
    padId: 2,
  };
}
