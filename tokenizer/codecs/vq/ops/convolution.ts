/**
 * A convolution with bias and its gradient. tfjs has no gradient of a kernel on WebAssembly: there it
 * is a matrix product for each place of the kernel.
 */
import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';
import { differentiable } from '../../../../compute/differentiable.ts';

/** 1 keeps the size; 2 halves it, with zeros added on the right and at the bottom only. */
export type Stride = 1 | 2;

/**
 * TensorFlow's padding `same` is that of diffusers: a zero on each side for a kernel of 3 and stride 1,
 * one behind the last row and column for stride 2 and even sides.
 * @param x [batch, height, width, inputs]; even sides for stride 2
 * @param kernel [side, side, inputs, outputs], side 1 or 3
 * @param bias [outputs]
 */
export function convolve(
  backend: Backend,
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D,
  stride: Stride = 1,
): Tensor4D {
  const { tf } = backend;
  return differentiable<Tensor4D>(
    backend,
    [x, kernel, bias],
    () => {
      const value = tf.add(tf.conv2d(x, kernel, stride, 'same'), bias) as Tensor4D;
      return { value, saved: [x, kernel] };
    },
    (dy, saved) =>
      tf.tidy(() => {
        const [input, weights] = saved as [Tensor4D, Tensor4D];
        const dx = tf.conv2dTranspose(dy, weights, input.shape, stride, 'same');
        return [dx, kernelGradient(backend, input, weights, dy, stride), tf.sum(dy, [0, 1, 2])];
      }),
  );
}

function kernelGradient(
  backend: Backend,
  x: Tensor4D,
  kernel: Tensor4D,
  dy: Tensor4D,
  stride: Stride,
): Tensor4D {
  const { tf, name } = backend;
  if (name === 'wasm') return kernelGradientByPlaces(backend, x, kernel, dy, stride);
  const attributes = { strides: stride, pad: 'same', dataFormat: 'NHWC' };
  const filterShape = kernel.shape;
  return tf
    .engine()
    .runKernel('Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape }) as Tensor4D;
}

/** Each place of the kernel has met the image moved by it: inputs x outputs, summed over pixels. */
export function kernelGradientByPlaces(
  { tf }: Backend,
  x: Tensor4D,
  kernel: Tensor4D,
  dy: Tensor4D,
  stride: Stride,
): Tensor4D {
  const [side, , inputs, outputs] = kernel.shape;
  const [batch, rows, columns] = dy.shape;
  const before = stride === 1 ? (side - 1) / 2 : 0;
  const around: [number, number] = [before, side - 1 - before];
  const padded = side === 1 ? x : (tf.pad(x, [[0, 0], around, around, [0, 0]]) as Tensor4D);
  const gradient = tf.reshape(dy, [-1, outputs]) as Tensor2D;
  const places: Tensor2D[] = [];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const ends = [batch, i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1, inputs];
      const met = tf.stridedSlice(padded, [0, i, j, 0], ends, [1, stride, stride, 1]);
      const pixels = tf.reshape(met, [-1, inputs]) as Tensor2D;
      // WebAssembly multiplies fast only what is not transposed in the product.
      places.push(tf.matMul(tf.transpose(pixels), gradient));
    }
  }
  return tf.reshape(tf.stack(places), kernel.shape) as Tensor4D;
}
