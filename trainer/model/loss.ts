/**
 * Computes the loss of a batch and its gradients as sums, so that micro batches of any size add up
 * exactly.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { IGNORED } from '../ops/cross-entropy.ts';
import {
  type GradientSink,
  gradientsByParts,
  type LossOptions,
  lossByParts,
  type Tokens,
} from './by-parts.ts';
import type { Llama } from './llama.ts';
import type { Trainable } from './parts.ts';
import { run, runNow } from './turns.ts';

export type { LossOptions };

export interface Loss {
  /** Loss in nats, summed over the targets that count. */
  lossSum: number;
  /** Number of targets that count. */
  tokens: number;
}

export interface LossAndGradients extends Loss {
  /** Gradients of `lossSum * scale`, by parameter name; the caller disposes of them. */
  gradients: Map<string, Tensor>;
}

/**
 * @param inputs token ids, [batch, time] row by row
 * @param targets the token that follows each input; `IGNORED` (-1) does not count
 * @param batch number of sequences
 * @param scale factor of the gradients; with 1 / (targets of all micro batches of a step) they add
 *   up to the gradients of the mean loss
 */
export function lossAndGradients(
  model: Llama,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
  scale = 1,
  options: LossOptions = {},
): LossAndGradients {
  const all = new Map<string, Tensor>();
  const sink: GradientSink = (_part, gradients) => {
    for (const [name, gradient] of gradients) all.set(name, gradient);
  };
  const tokens = { inputs, targets, batch };
  const lossSum = runNow(gradientsByParts(model, tokens, scale, options, sink));
  const gradients = new Map([...model.parameters.keys()].map((name) => [name, all.get(name)!]));
  return { lossSum, tokens: countTargets(targets), gradients };
}

/**
 * The same for a model of any kind, with gradients handed on part by part. For a model that is
 * sharded over ranks it is collective.
 * @param sink takes over the gradients of `lossSum * scale`
 * @returns the loss in nats, summed over the targets that count
 */
export function backpropagate(
  model: Trainable,
  tokens: Tokens,
  scale: number,
  options: LossOptions,
  sink: GradientSink,
): Promise<number> {
  return run(gradientsByParts(model, tokens, scale, options, sink));
}

/** Only the loss, for evaluation. Arguments as for `lossAndGradients`; no z-loss. */
export function lossSum(
  model: Llama,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
  options: LossOptions = {},
): Loss {
  const sum = runNow(lossByParts(model, { inputs, targets, batch }, options));
  return { lossSum: sum, tokens: countTargets(targets) };
}

/** Only the loss of a model of any kind. Collective for a model that is sharded over ranks. */
export function lossOf(model: Trainable, tokens: Tokens, options: LossOptions): Promise<number> {
  return run(lossByParts(model, tokens, options));
}

/** Adds the gradients of one more micro batch to the sums, and disposes of them. */
export function addGradients(
  model: Llama,
  total: Map<string, Tensor> | undefined,
  more: Map<string, Tensor>,
): Map<string, Tensor> {
  if (!total) return more;
  const { tf } = model.backend;
  const sums = new Map<string, Tensor>();
  for (const [name, gradient] of more) {
    const before = total.get(name)!;
    sums.set(name, tf.add(before, gradient));
    tf.dispose([before, gradient]);
  }
  return sums;
}

function countTargets(targets: Int32Array): number {
  let count = 0;
  for (const target of targets) if (target !== IGNORED) count += 1;
  return count;
}
