/** A step of the training: losses, gradients, and what the codebook learns from. */
import type { NamedTensorMap, Scalar, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';
import { differentiable } from '../../../../compute/differentiable.ts';
import type { VqLayer } from '../layers.ts';
import { nearestCodes } from '../ops/nearest.ts';

export interface VqNetwork {
  encoder: VqLayer;
  decoder: VqLayer;
  variables: ReadonlyMap<string, Variable>;
}

export interface VqStep {
  /** Mean squared error of the pictures in -1..1, and of the encoder's outputs to their codes. */
  reconstruction: number;
  commitment: number;
  gradients: NamedTensorMap;
  /** The encoder's output: [count, width]. */
  outputs: Float32Array;
  /** The nearest code of each. */
  indices: Int32Array;
}

/**
 * Gradients of reconstruction + weight * commitment. The decoder's gradient goes straight through the
 * codebook to the encoder (van den Oord et al. 2017, section 3.2).
 * @param images in -1..1: [batch, side, side, 3]
 * @param vectorsFor the codebook for these outputs, [codes, width]
 */
export async function computeStep(
  backend: Backend,
  { encoder, decoder, variables }: VqNetwork,
  images: Tensor4D,
  vectorsFor: (outputs: Float32Array) => Float32Array,
  weight: number,
): Promise<VqStep> {
  const { tf } = backend;
  let outputs = new Float32Array();
  let indices = new Int32Array();
  const parts: Scalar[] = [];
  const { value, grads } = tf.variableGrads(() => {
    const encoded = encoder(images);
    const width = encoded.shape[3];
    const [quantized, commitment] = quantize(backend, encoded, (flat) => {
      outputs = Float32Array.from(flat.dataSync());
      const vectors = vectorsFor(outputs);
      const book = tf.tensor2d(vectors, [vectors.length / width, width]);
      const nearest = nearestCodes(backend, flat, book);
      indices = Int32Array.from(nearest.dataSync());
      return tf.gather(book, nearest) as Tensor2D;
    });
    const reconstruction = tf.mean(tf.squaredDifference(decoder(quantized), images)) as Scalar;
    parts.push(tf.keep(reconstruction.clone()), tf.keep(commitment.clone()));
    return tf.add(reconstruction, tf.mul(commitment, weight)) as Scalar;
  }, [...variables.values()]);
  const [reconstruction, commitment] = parts.map((part) => part.dataSync()[0]);
  tf.dispose([value, ...parts]);
  return { reconstruction, commitment, gradients: grads, outputs, indices };
}

/**
 * @param lookUp rows of the encoder's output to the vectors of their codes, without a gradient
 * @returns the codes' vectors, whose gradient is the encoder's; and the mean squared distance to them
 */
function quantize(
  backend: Backend,
  encoded: Tensor4D,
  lookUp: (rows: Tensor2D) => Tensor2D,
): [Tensor4D, Scalar] {
  const { tf } = backend;
  const width = encoded.shape[3];
  const quantized = differentiable<Tensor4D>(
    backend,
    [encoded],
    () => {
      const vectors = lookUp(tf.reshape(encoded, [-1, width]) as Tensor2D);
      return { value: tf.reshape(vectors, encoded.shape) as Tensor4D, saved: [] };
    },
    (dy) => [dy.clone()],
  );
  const distance = differentiable<Scalar>(
    backend,
    [encoded],
    () => {
      const difference = tf.sub(encoded, quantized);
      return { value: tf.mean(tf.square(difference)) as Scalar, saved: [difference] };
    },
    (dy, [difference]) => [tf.tidy(() => tf.mul(difference, tf.mul(dy, 2 / difference.size)))],
  );
  return [quantized, distance];
}

/** Bytes of RGB as the model takes them: 0..255 -> -1..1. */
export function imagesOf({ tf }: Backend, pixels: Uint8Array, size: number): Tensor4D {
  const floats = Float32Array.from(pixels, (value) =>
    Math.fround(2 * Math.fround(value / 255) - 1),
  );
  return tf.tensor4d(floats, [pixels.length / (3 * size * size), size, size, 3]);
}
