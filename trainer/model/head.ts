/**
 * The loss after the last block, and its gradients, in chunks of rows: [tokens, vocabulary] never
 * lies whole.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { crossEntropy } from '../ops/cross-entropy.ts';
import { record } from '../ops/tape.ts';
import { zLoss } from '../ops/z-loss.ts';
import { logitsOf, type NamedTensors, type Pass } from './block.ts';
import { addTo, chunkOf, joinRows, rowChunks } from './row-chunks.ts';

export interface HeadGradients {
  /** Sum over the targets that count, in nats. */
  lossSum: number;
  /** Gradient of the last block's output, [rows, hidden]. */
  dx: Tensor2D;
  /** Gradients of `learned`. */
  gradients: Tensor[];
}

/**
 * @param x output of the last block, [rows, hidden]; it is disposed of
 * @param learned the weights whose gradients are wanted
 * @param scale factor of the gradients
 * @param zWeight weight of the z-loss; `lossSum` does not include it
 */
export function headGradients(
  pass: Pass,
  weights: NamedTensors,
  learned: Tensor[],
  x: Tensor2D,
  targets: Int32Array,
  scale: number,
  zWeight = 0,
): HeadGradients {
  const { backend } = pass;
  const { tf } = backend;
  const dxs: Tensor2D[] = [];
  let lossSum = 0;
  let sums: Tensor[] | undefined;
  for (const rows of rowChunks(x.shape[0], pass.config.vocabSize)) {
    const part = chunkOf(backend, x, rows);
    const { output, backward } = record(backend, () => {
      const ids = tf.tensor1d(targets.subarray(rows.start, rows.end), 'int32');
      const logits = logitsOf(pass, weights, part);
      const loss = crossEntropy(backend, logits, ids);
      lossSum += loss.dataSync()[0];
      if (!zWeight) return tf.mul(loss, scale);
      const extra = tf.mul(zLoss(backend, logits, ids), zWeight);
      return tf.mul(tf.add(loss, extra), scale);
    });
    output.dispose();
    const [dx, ...gradients] = backward(tf.ones(output.shape), [part, ...learned]);
    part.dispose();
    dxs.push(dx as Tensor2D);
    sums = addTo(backend, sums, gradients);
  }
  x.dispose();
  return { lossSum, dx: joinRows(backend, dxs), gradients: sums! };
}

/** Only the loss. @param x output of the last block, [rows, hidden]; it is disposed of */
export function headLoss(
  pass: Pass,
  weights: NamedTensors,
  x: Tensor2D,
  targets: Int32Array,
): number {
  const { backend } = pass;
  const { tf } = backend;
  let lossSum = 0;
  for (const rows of rowChunks(x.shape[0], pass.config.vocabSize)) {
    lossSum += tf.tidy(() => {
      const ids = tf.tensor1d(targets.subarray(rows.start, rows.end), 'int32') as Tensor1D;
      const logits = logitsOf(pass, weights, chunkOf(backend, x, rows));
      return crossEntropy(backend, logits, ids).dataSync()[0] as number;
    }) as unknown as number;
  }
  x.dispose();
  return lossSum;
}
