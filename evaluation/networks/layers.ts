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
    const rule = pad === 'same' && stride === 1 ? 'same' : 'valid';
    const around = typeof pad === 'number' ? pad : 0;
    const before: Layer = (x) => (around === 0 ? x : padded(tf, x, around));
    const w = this.hold(
      isDepthwise
        ? tf.tensor4d(folded, [height, width, to, 1])
        : tf.tensor4d(folded, [height, width, from, to]),
    );
    const convolve: Layer = isDepthwise
      ? (x) => tf.depthwiseConv2d(x, w, stride, rule)
      : (x) => tf.conv2d(x, w, stride, rule);
    return (x) => tf.tidy(() => activation(this.#addBias(convolve(before(x)), b)));
  }

  /** TensorFlow's own op knows that the vector goes along the channels, and is faster than a sum that has to find it out. */
  #addBias(x: Tensor4D, bias: Tensor1D): Tensor4D {
    const { tf, native } = this.backend;
    if (!native) return tf.add(x, bias);
    const { TF_ATTR_TYPE, TF_ATTR_STRING, TF_FLOAT } = native.binding;
    const attributes = [
      { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
    ];
    return native.run('BiasAdd', attributes, [x, bias], 1)[0] as Tensor4D;
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

function padded(tf: Backend['tf'], x: Tensor4D, zeros: number): Tensor4D {
  const none: [number, number] = [0, 0];
  const around: [number, number] = [zeros, zeros];
  return tf.pad(x, [none, around, around, none]);
}

/** One after the other; what lies between two layers is let go of at once. */
export function chain(...layers: Layer[]): Layer {
  return (x) => {
    let y = x;
    for (const layer of layers) {
      const next = layer(y);
      if (y !== x && y !== next) y.dispose();
      y = next;
    }
    return y;
  };
}

/** Runs branches on the same input and joins their channels. */
export function joinBranches(tf: Backend['tf'], branches: readonly Layer[]): Layer {
  return (x) => {
    const outputs = branches.map((branch) => branch(x));
    const joined = tf.concat(outputs, 3);
    for (const output of outputs) output.dispose();
    return joined;
  };
}

/**
 * A layer on a few pictures at a time. Where pictures are large and kernels small that is as fast as all
 * at once, and takes a part of the memory.
 */
export function inParts(tf: Backend['tf'], size: number, layer: Layer): Layer {
  return (x) => {
    const [count, height, width, channels] = x.shape;
    if (count <= size) return layer(x);
    const outputs: Tensor4D[] = [];
    for (let from = 0; from < count; from += size) {
      const taken = Math.min(size, count - from);
      const part = tf.slice(x, [from, 0, 0, 0], [taken, height, width, channels]);
      outputs.push(layer(part));
      part.dispose();
    }
    const whole = tf.concat(outputs, 0);
    for (const output of outputs) output.dispose();
    return whole;
  };
}
