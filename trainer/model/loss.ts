/**
 * Computes the loss of a batch and its gradients as sums, so that micro batches of any size add up
 * exactly.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { crossEntropy, IGNORED } from '../ops/cross-entropy.ts';
import { zLoss } from '../ops/z-loss.ts';
import type { ForwardSettings, Llama } from './llama.ts';

export interface Loss {
  /** Loss in nats, summed over the targets that count. */
  lossSum: number;
  /** Number of targets that count. */
  tokens: number;
}

export interface LossOptions extends ForwardSettings {
  /** Weight of the z-loss per target; its gradient is added, but `lossSum` does not include it. */
  zLoss?: number;
  /**
   * [batch, time] row by row: a token attends only to tokens of its own segment, which is a
   * document of a packed row.
   */
  segments?: Int32Array;
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
  const { tf } = model.backend;
  const variables = [...model.parameters.values()];
  let lossSum = 0;
  const forward = withSegments(model, batch, options);
  const { value, grads } = tf.variableGrads(() => {
    const rows = forward.logits(inputs);
    const ids = tf.tensor1d(targets, 'int32');
    const loss = crossEntropy(model.backend, rows, ids);
    lossSum = loss.dataSync()[0];
    if (!options.zLoss) return tf.mul(loss, scale);
    const extra = tf.mul(zLoss(model.backend, rows, ids), options.zLoss);
    return tf.mul(tf.add(loss, extra), scale);
  }, variables);
  tf.dispose(value);
  forward.dispose();
  const gradients = new Map<string, Tensor>();
  for (const [name, variable] of model.parameters) gradients.set(name, grads[variable.name]);
  return { lossSum, tokens: countTargets(targets), gradients };
}

/** Only the loss, for evaluation. Arguments as for `lossAndGradients`; no z-loss. */
export function lossSum(
  model: Llama,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
  options: LossOptions = {},
): Loss {
  const { tf } = model.backend;
  const forward = withSegments(model, batch, options);
  const sum = tf.tidy(() => {
    const ids = tf.tensor1d(targets, 'int32');
    return crossEntropy(model.backend, forward.logits(inputs), ids).dataSync()[0] as number;
  });
  forward.dispose();
  return { lossSum: sum, tokens: countTargets(targets) };
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

/** Segments are kept outside of tfjs's scopes, because a checkpointed block needs them again. */
function withSegments(model: Llama, batch: number, options: LossOptions) {
  const { tf } = model.backend;
  const time = (ids: Int32Array) => ids.length / batch;
  const segments =
    options.segments &&
    tf.keep(tf.tensor2d(options.segments, [batch, time(options.segments)], 'int32'));
  return {
    /** [rows, vocabSize] */
    logits(inputs: Int32Array): Tensor2D {
      const ids = tf.tensor2d(inputs, [batch, time(inputs)], 'int32');
      const logits = model.forward(ids, { ...options, segments });
      return tf.reshape(logits, [inputs.length, model.config.vocabSize]);
    },
    dispose: () => segments?.dispose(),
  };
}

function countTargets(targets: Int32Array): number {
  let count = 0;
  for (const target of targets) if (target !== IGNORED) count += 1;
  return count;
}
