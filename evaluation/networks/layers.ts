/** Convolutions with their batch norm folded in, as tfjs computes them: pictures are [n, height, width, channels]. */
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { Tensors } from './tensors.ts';

export type Layer = (x: Tensor4D) => Tensor4D;

export interface ConvolutionShape {
  readonly from: number;
  readonly to: number;
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  readonly stride?: number;
  /** Zeros around the picture so that stride 1 keeps its size; for stride 2, `pad` of them on each side. */
  readonly pad?: 'same' | number;
  /** Each channel has a kernel of its own. */
  readonly isDepthwise?: boolean;
}

export interface FoldedNorm {
  /** Names of the convolution's weight and of the norm, less `.weight` and so on. */
  readonly convolution: string;
  readonly norm: string;
  readonly epsilon: number;
}

/** Holds the tensors of a network, and ends them with it. */
export class Layers {
  readonly backend: Backend;
  readonly tensors: Tensors;
  readonly #held: Tensor[] = [];

  constructor(backend: Backend, tensors: Tensors) {
    this.backend = backend;
    this.tensors = tensors;
  }

  hold<T extends Tensor>(tensor: T): T {
    this.#held.push(this.backend.tf.keep(tensor));
    return tensor;
  }

  dispose(): void {
    for (const tensor of this.#held.splice(0)) tensor.dispose();
  }

  /**
   * y = relu(norm(x * w)). The norm is linear, so it goes into the weights: w' = w g / sqrt(v + e),
   * b' = b - m g / sqrt(v + e), computed in double precision.
   */
  convolution(
    { convolution, norm, epsilon }: FoldedNorm,
    shape: ConvolutionShape,
    activation: (x: Tensor4D) => Tensor4D,
  ): Layer {
    const { tf } = this.backend;
    const { from, to, kernel, stride = 1, pad = 'same', isDepthwise = false } = shape;
    const [height, width] = kernel;
    const inputs = isDepthwise ? 1 : from;
    const weight = this.tensors.take(`${convolution}.weight`, [to, inputs, height, width]);
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (name) => this.tensors.take(`${norm}.${name}`, [to]),
    );
    const bias = new Float32Array(to);
    // From torch's [to, from, height, width] to tfjs's [height, width, from, to].
    const folded = new Float32Array(weight.length);
    const area = height * width;
    for (let o = 0; o < to; o++) {
      const factor = gamma[o] / Math.sqrt(variance[o] + epsilon);
      bias[o] = beta[o] - mean[o] * factor;
      for (let i = 0; i < inputs; i++) {
        for (let k = 0; k < area; k++) {
          folded[(k * inputs + i) * to + o] = weight[(o * inputs + i) * area + k] * factor;
        }
      }
    }
    const b = this.hold(tf.tensor1d(bias));
    const before: Layer =
      typeof pad === 'number'
        ? (x) =>
            tf.pad(x, [
              [0, 0],
              [pad, pad],
              [pad, pad],
              [0, 0],
            ])
        : (x) => x;
    const rule = pad === 'same' && stride === 1 ? 'same' : 'valid';
    if (isDepthwise) {
      const w = this.hold(tf.tensor4d(folded, [height, width, to, 1]));
      return (x) => activation(tf.add(tf.depthwiseConv2d(before(x), w, stride, rule), b));
    }
    const w = this.hold(tf.tensor4d(folded, [height, width, from, to]));
    return (x) => activation(tf.add(tf.conv2d(before(x), w, stride, rule), b));
  }

  /** [out, in] -> y = x wT + b. */
  linear(
    weight: string,
    bias: string | undefined,
    from: number,
    to: number,
  ): (x: Tensor2D) => Tensor2D {
    const { tf } = this.backend;
    const w = this.hold(tf.tensor2d(this.tensors.take(weight, [to, from]), [to, from]));
    const b: Tensor1D | undefined =
      bias === undefined ? undefined : this.hold(tf.tensor1d(this.tensors.take(bias, [to])));
    return (x) => {
      const y: Tensor2D = tf.matMul(x, w, false, true);
      return b ? (tf.add(y, b) as Tensor2D) : y;
    };
  }
}

/** One after the other. */
export function chain(...layers: Layer[]): Layer {
  return (x) => layers.reduce((y, layer) => layer(y), x);
}
