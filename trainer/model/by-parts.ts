/**
 * Forward and backward pass, part by part. Only a block's input or recording is kept between the
 * two passes; gradients are handed on as soon as a part has them.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Precision } from '../ops/linear.ts';
import { record } from '../ops/tape.ts';
import { embed, type NamedTensors, type Pass } from './block.ts';
import { headGradients, headLoss } from './head.ts';
import { type KeptBlock, plainBlock, recomputedBlock, recordedBlock } from './kept-block.ts';
import type { ModelPart, Trainable } from './parts.ts';
import { settled, type Turns } from './turns.ts';

export interface Tokens {
  /** Token ids, [batch, time] row by row. */
  inputs: Int32Array;
  /** The token that follows each input; `IGNORED` (-1) does not count. */
  targets: Int32Array;
  /** Number of sequences. */
  batch: number;
}

export interface LossOptions {
  /** Precision of the layers' matrix products; default fp32. That of the logits is always fp32. */
  precision?: Precision;
  /** Keep only the input of each block, and compute the rest again for the gradients. */
  checkpointing?: boolean;
  /** Weight of the z-loss per target; its gradient is added, but `lossSum` does not include it. */
  zLoss?: number;
  /**
   * [batch, time] row by row: a token attends only to tokens of its own segment, which is a
   * document of a packed row.
   */
  segments?: Int32Array;
}

/** Takes over the gradients of a part: each part once, the output first, the embedding last. */
export type GradientSink = (
  part: ModelPart,
  gradients: Map<string, Tensor>,
) => void | Promise<void>;

/** @returns the loss, summed over the targets that count, in nats */
export function* gradientsByParts(
  model: Trainable,
  { inputs, targets, batch }: Tokens,
  scale: number,
  options: LossOptions,
  sink: GradientSink,
): Turns<number> {
  const { backend, config } = model;
  const { tf } = backend;
  const { pass, dispose } = startPass(model, inputs, batch, options);
  const forward = options.checkpointing ? recomputedBlock : recordedBlock;
  const embedding = yield* settled(model.open('embedding', 0));
  const embedded = record(backend, () => embed(pass, embedding, idsOf(pass, inputs)));
  const blocks: KeptBlock[] = [];
  let x = embedded.output;
  for (let layer = 0; layer < config.layers; layer++) {
    const isLast = layer === config.layers - 1;
    const weights = yield* settled(model.open(layer, isLast ? 'output' : layer + 1));
    const { y, kept } = forward(pass, weights, layer, x);
    x = y;
    blocks.push(kept);
    // The backward pass begins with the last block.
    if (!isLast) model.close(layer);
  }
  const output = yield* settled(model.open('output'));
  const ends = new Map([...embedding, ...output]);
  const names = [...output.keys(), ...(config.tieEmbeddings ? embedding.keys() : [])];
  const learned = names.map((name) => ends.get(name)!);
  const head = headGradients(pass, ends, learned, x, targets, scale, options.zLoss);
  const headOf = (weights: NamedTensors) =>
    new Map([...weights.keys()].map((name) => [name, head.gradients[names.indexOf(name)]]));
  yield* settled(sink('output', headOf(output)));
  let { dx } = head;
  for (let layer = config.layers - 1; layer >= 0; layer--) {
    const weights = yield* settled(model.open(layer, layer > 0 ? layer - 1 : undefined));
    const { dx: before, gradients } = blocks.pop()!.backward(weights, dx);
    dx = before;
    model.close(layer);
    yield* settled(sink(layer, gradients));
  }
  const [fromInput] = embedded.backward(dx, [...embedding.values()]);
  const [[name, fromHead]] = headOf(embedding);
  const sum = fromHead ? tf.add(fromHead, fromInput) : fromInput;
  if (fromHead) tf.dispose([fromHead, fromInput]);
  dispose();
  yield* settled(sink('embedding', new Map([[name, sum]])));
  return head.lossSum;
}

/** Only the loss. @returns the sum over the targets that count, in nats */
export function* lossByParts(
  model: Trainable,
  { inputs, targets, batch }: Tokens,
  options: LossOptions,
): Turns<number> {
  const { tf } = model.backend;
  const { layers } = model.config;
  const { pass, dispose } = startPass(model, inputs, batch, options);
  const embedding = yield* settled(model.open('embedding', 0));
  let x: Tensor2D = tf.tidy(() => embed(pass, embedding, idsOf(pass, inputs)));
  for (let layer = 0; layer < layers; layer++) {
    const weights = yield* settled(model.open(layer, layer + 1 < layers ? layer + 1 : 'output'));
    const y = plainBlock(pass, weights, layer, x);
    x.dispose();
    x = y;
    model.close(layer);
  }
  const output = yield* settled(model.open('output'));
  const sum = headLoss(pass, new Map([...embedding, ...output]), x, targets);
  dispose();
  return sum;
}

/** What all layers share. Segments are kept outside of tfjs's scopes: every block needs them. */
function startPass(
  model: Trainable,
  inputs: Int32Array,
  batch: number,
  { precision, segments }: LossOptions,
): { pass: Pass; dispose: () => void } {
  const { backend, config } = model;
  const { tf } = backend;
  const time = inputs.length / batch;
  const ids = segments && tf.keep(tf.tensor2d(segments, [batch, time], 'int32'));
  const pass: Pass = {
    ...{ backend, config, batch, precision },
    table: model.rope(time),
    segments: ids || undefined,
  };
  return { pass, dispose: () => ids?.dispose() };
}

function idsOf({ backend }: Pass, inputs: Int32Array): Tensor1D {
  return backend.tf.tensor1d(inputs, 'int32');
}
