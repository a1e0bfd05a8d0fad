/** The loss of a batch and its gradients, in sums, so that micro batches of any size add up exactly. */
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { crossEntropy, IGNORED } from '../ops/cross-entropy.ts';
import type { Llama } from './llama.ts';

export interface Loss {
  /** Nats, summed over the targets that count. */
  lossSum: number;
  /** Targets that count. */
  tokens: number;
}

export interface LossAndGradients extends Loss {
  /** Of `lossSum * scale`, by parameter name; the caller's to dispose. */
  gradients: Map<string, Tensor>;
}

/**
 * @param inputs token ids, [batch, time] row by row
 * @param targets the token that follows each input; `IGNORED` (-1) does not count
 * @param batch sequences in it
 * @param scale of the gradients: 1 / (targets of all micro batches of a step) makes them add up
 *   to the gradients of the mean loss
 */
export function lossAndGradients(
  model: Llama,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
  scale = 1,
): LossAndGradients {
  const { tf } = model.backend;
  const variables = [...model.parameters.values()];
  const { value, grads } = tf.variableGrads(
    () => tf.mul(lossOf(model, inputs, targets, batch), scale),
    variables,
  );
  const sum = value.dataSync()[0] / scale;
  value.dispose();
  const gradients = new Map<string, Tensor>();
  for (const [name, variable] of model.parameters) gradients.set(name, grads[variable.name]);
  return { lossSum: sum, tokens: countTargets(targets), gradients };
}

/** The loss alone, for evaluation. Arguments as for `lossAndGradients`. */
export function lossSum(
  model: Llama,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
): Loss {
  const sum = model.backend.tf.tidy(
    () => lossOf(model, inputs, targets, batch).dataSync()[0] as number,
  );
  return { lossSum: sum, tokens: countTargets(targets) };
}

/** Adds the gradients of one more micro batch; takes them over. */
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

function lossOf(model: Llama, inputs: Int32Array, targets: Int32Array, batch: number): Scalar {
  const { tf } = model.backend;
  const ids = tf.tensor2d(inputs, [batch, inputs.length / batch], 'int32');
  const logits = model.forward(ids);
  const rows = tf.reshape(logits, [inputs.length, model.config.vocabSize]) as Tensor2D;
  return crossEntropy(model.backend, rows, tf.tensor1d(targets, 'int32') as Tensor1D);
}

function countTargets(targets: Int32Array): number {
  let count = 0;
  for (const target of targets) if (target !== IGNORED) count += 1;
  return count;
}
