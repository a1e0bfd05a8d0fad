/**
 * The layers of a VQ model as functions of tensors, [batch, height, width, channels]. Their weights have
 * the names of diffusers; the arithmetic is that of its `ResnetBlock2D`, `Attention`, `Downsample2D` and
 * `Upsample2D` as `VQModel` uses them.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../compute/choose.ts';
import type { VqWeights } from './weights.ts';

export type VqLayer = (x: Tensor4D) => Tensor4D;

const EPSILON = 1e-6;

/** Makes layers; each reads its weights when it is made. */
export class VqLayers {
  readonly #tf: Backend['tf'];
  readonly #weights: VqWeights;
  readonly #groups: number;

  constructor({ tf }: Backend, weights: VqWeights, groups: number) {
    this.#tf = tf;
    this.#weights = weights;
    this.#groups = groups;
  }

  /** 3x3 or 1x1, of the same size. */
  convolution(name: string, side: number, inputs: number, outputs: number): VqLayer {
    const kernel = this.#weights.kernel(`${name}.weight`, side, inputs, outputs) as Tensor4D;
    const bias = this.#weights.vector(`${name}.bias`, outputs);
    return (x) => this.#tf.add(this.#tf.conv2d(x, kernel, 1, 'same'), bias);
  }

  /** Halves the size: padded on the right and at the bottom only. */
  downsample(name: string, channels: number): VqLayer {
    const tf = this.#tf;
    const kernel = this.#weights.kernel(`${name}.conv.weight`, 3, channels, channels) as Tensor4D;
    const bias = this.#weights.vector(`${name}.conv.bias`, channels);
    return (x) => {
      const padded = tf.pad(x, [
        [0, 0],
        [0, 1],
        [0, 1],
        [0, 0],
      ]);
      return tf.add(tf.conv2d(padded, kernel, 2, 'valid'), bias);
    };
  }

  /** Doubles the size: each pixel four times, then a convolution. */
  upsample(name: string, channels: number): VqLayer {
    const convolve = this.convolution(`${name}.conv`, 3, channels, channels);
    return (x) => {
      const [, height, width] = x.shape;
      return convolve(this.#tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]));
    };
  }

  /** Group normalization: channels of a group and all pixels have mean 0 and variance 1. */
  norm(name: string, channels: number): VqLayer {
    const tf = this.#tf;
    const scale = this.#weights.vector(`${name}.weight`, channels);
    const shift = this.#weights.vector(`${name}.bias`, channels);
    return (x) => {
      const [batch, height, width] = x.shape;
      const inGroup = channels / this.#groups;
      const grouped = tf.reshape(x, [batch, height * width, this.#groups, inGroup]);
      const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centred), [1, 3], true);
      const even = tf.mul(centred, tf.rsqrt(tf.add(variance, EPSILON)));
      return tf.add(tf.mul(tf.reshape(even, x.shape), scale), shift);
    };
  }

  activate(x: Tensor4D): Tensor4D {
    return this.#tf.mul(x, this.#tf.sigmoid(x));
  }

  resnet(name: string, inputs: number, outputs: number): VqLayer {
    const first = this.norm(`${name}.norm1`, inputs);
    const widen = this.convolution(`${name}.conv1`, 3, inputs, outputs);
    const second = this.norm(`${name}.norm2`, outputs);
    const mix = this.convolution(`${name}.conv2`, 3, outputs, outputs);
    const shortcut: VqLayer =
      inputs === outputs ? (x) => x : this.convolution(`${name}.conv_shortcut`, 1, inputs, outputs);
    return (x) => {
      const hidden = widen(this.activate(first(x)));
      return this.#tf.add(shortcut(x), mix(this.activate(second(hidden))));
    };
  }

  /** One head over all pixels, with a residual. */
  attention(name: string, channels: number): VqLayer {
    const tf = this.#tf;
    const norm = this.norm(`${name}.group_norm`, channels);
    const project = (part: string) => {
      const weight = this.#weights.linear(`${name}.${part}.weight`, channels, channels) as Tensor2D;
      const bias = this.#weights.vector(`${name}.${part}.bias`, channels) as Tensor1D;
      return (x: Tensor2D): Tensor2D => tf.add(tf.matMul(x, weight), bias);
    };
    const [query, key, value, out] = ['to_q', 'to_k', 'to_v', 'to_out.0'].map(project);
    const attend = (x: Tensor2D): Tensor2D => {
      const scores = tf.matMul(query(x), key(x), false, true);
      const shares = tf.softmax(tf.mul(scores, channels ** -0.5) as Tensor2D);
      return out(tf.matMul(shares, value(x)));
    };
    return (x) => {
      const [batch, height, width] = x.shape;
      const rows = tf.reshape(norm(x), [batch, height * width, channels]);
      const images = tf.unstack(rows) as Tensor2D[];
      const attended = tf.stack(images.map(attend)) as Tensor;
      return tf.add(x, tf.reshape(attended, x.shape));
    };
  }
}
