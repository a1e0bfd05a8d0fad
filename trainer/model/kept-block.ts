/** A block between its forward and its backward pass: either recorded, or to be computed again. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { bf16Factor, fromBf16 } from '../ops/bf16.ts';
import { record } from '../ops/tape.ts';
import { attentionHalf, block, feedForwardHalf, type NamedTensors, type Pass } from './block.ts';
import { addTo, chunkOf, joinRows, rowChunks } from './row-chunks.ts';

export interface BlockGradients {
  /** Gradient of the block's input, [rows, hidden]. */
  dx: Tensor2D;
  /** Gradients of its weights, in their order. */
  gradients: Map<string, Tensor>;
}

export interface KeptBlock {
  /**
   * @param weights those of the forward pass; the block's, and no others
   * @param dy gradient of the block's output; it is disposed of
   */
  backward(weights: NamedTensors, dy: Tensor2D): BlockGradients;
}

export interface BlockForward {
  /** Output, [rows, hidden]. */
  y: Tensor2D;
  kept: KeptBlock;
}

/** Computes a block once and keeps what its gradient needs. It takes over `x`, [rows, hidden]. */
export function recordedBlock(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  x: Tensor2D,
): BlockForward {
  const recording = record(pass.backend, () => block(pass, weights, layer, x));
  x.dispose();
  return {
    y: recording.output,
    kept: {
      backward(weights, dy) {
        const [dx, ...gradients] = recording.backward(dy, [x, ...weights.values()]);
        return { dx: dx as Tensor2D, gradients: named(weights, gradients) };
      },
    },
  };
}

/**
 * Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): keeps only the input of a block and
 * computes it again. The feed-forward half goes by chunks of rows, so [rows, intermediate] never
 * lies whole; gradients of its weights are sums over the chunks. It takes over `x`, [rows, hidden].
 */
export function recomputedBlock(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  x: Tensor2D,
): BlockForward {
  const { backend, precision } = pass;
  const y = plainBlock(pass, weights, layer, x);
  if (precision !== 'bf16') {
    return { y, kept: { backward: (weights, dy) => recompute(pass, weights, layer, x, dy) } };
  }
  // Products round their factors to bf16 anyway: the input is kept in half of the bytes.
  const narrow = backend.tf.tidy(() => bf16Factor(backend, x));
  x.dispose();
  return {
    y,
    kept: {
      backward(weights, dy) {
        const again = fromBf16(backend, narrow);
        narrow.dispose();
        return recompute(pass, weights, layer, again, dy);
      },
    },
  };
}

/** The block without anything for gradients, its second half in chunks of rows. x: [rows, hidden] */
export function plainBlock(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  x: Tensor2D,
): Tensor2D {
  const { backend } = pass;
  const h = attentionHalf(pass, weights, layer, x);
  const chunks = chunksOf(pass, h).map((rows) => {
    const part = chunkOf(backend, h, rows);
    const y = feedForwardHalf(pass, weights, layer, part);
    part.dispose();
    return y;
  });
  h.dispose();
  return joinRows(backend, chunks);
}

/** It takes over `x`, the block's input. */
function recompute(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  x: Tensor2D,
  dy: Tensor2D,
): BlockGradients {
  const { tf } = pass.backend;
  const isLower = (name: string) => /post_attention_layernorm|\.mlp\./.test(name);
  const [upper, lower] = [false, true].map((wanted) =>
    [...weights.keys()].filter((name) => isLower(name) === wanted),
  );
  const tensors = (names: string[]) => names.map((name) => weights.get(name)!);
  const recording = record(pass.backend, () => attentionHalf(pass, weights, layer, x));
  const h = recording.output;
  const below = feedForwardGradients(pass, weights, layer, h, dy, tensors(lower));
  tf.dispose([h, dy]);
  const [dx, ...above] = recording.backward(below.dx, [x, ...tensors(upper)]);
  x.dispose();
  const byName = new Map<string, Tensor>();
  for (const [i, name] of upper.entries()) byName.set(name, above[i]);
  for (const [i, name] of lower.entries()) byName.set(name, below.gradients[i]);
  const inOrder = [...weights.keys()].map((name) => byName.get(name)!);
  return { dx: dx as Tensor2D, gradients: named(weights, inOrder) };
}

/** Forward and backward pass of the second half of a block, chunk by chunk. */
function feedForwardGradients(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  h: Tensor2D,
  dy: Tensor2D,
  learned: Tensor[],
): { dx: Tensor2D; gradients: Tensor[] } {
  const { backend } = pass;
  const dxs: Tensor2D[] = [];
  let sums: Tensor[] | undefined;
  for (const rows of chunksOf(pass, h)) {
    const part = chunkOf(backend, h, rows);
    const recording = record(backend, () => feedForwardHalf(pass, weights, layer, part));
    recording.output.dispose();
    const [dx, ...gradients] = recording.backward(chunkOf(backend, dy, rows), [part, ...learned]);
    part.dispose();
    dxs.push(dx as Tensor2D);
    sums = addTo(backend, sums, gradients);
  }
  return { dx: joinRows(backend, dxs), gradients: sums! };
}

function chunksOf({ config }: Pass, h: Tensor2D) {
  return rowChunks(h.shape[0], config.intermediateSize);
}

function named(weights: NamedTensors, tensors: Tensor[]): Map<string, Tensor> {
  return new Map([...weights.keys()].map((name, i) => [name, tensors[i]]));
}
