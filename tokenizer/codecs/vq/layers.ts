/**
 * The layers of a VQ model as functions of tensors, [batch, height, width, channels]. Their weights have
 * the names of diffusers; the arithmetic is that of its `ResnetBlock2D`, `Attention`, `Downsample2D` and
 * `Upsample2D` as `VQModel` uses them. Each has a gradient.
 */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../compute/choose.ts';
import { convolve, type Stride } from './ops/convolution.ts';
import { doubleSize } from './ops/double.ts';
import { groupNorm } from './ops/group-norm.ts';
import { swish } from './ops/swish.ts';
import type { VqParameters } from './parameters.ts';

export type VqLayer = (x: Tensor4D) => Tensor4D;

/** Makes layers; each asks for its parameters when it is made. */
export class VqLayers {
  readonly #backend: Backend;
  readonly #parameters: VqParameters;
  readonly #groups: number;

  constructor(backend: Backend, parameters: VqParameters, groups: number) {
    this.#backend = backend;
    this.#parameters = parameters;
    this.#groups = groups;
  }

  /** 3x3 or 1x1. */
  convolution(
    name: string,
    side: number,
    inputs: number,
    outputs: number,
    stride: Stride = 1,
  ): VqLayer {
    const kernel = this.#parameters.kernel(`${name}.weight`, side, inputs, outputs);
    const bias = this.#parameters.vector(`${name}.bias`, outputs);
    return (x) => convolve(this.#backend, x, kernel, bias, stride);
  }

  /** Halves the size. */
  downsample(name: string, channels: number): VqLayer {
    return this.convolution(`${name}.conv`, 3, channels, channels, 2);
  }

  /** Doubles the size: each pixel four times, then a convolution. */
  upsample(name: string, channels: number): VqLayer {
    const convolution = this.convolution(`${name}.conv`, 3, channels, channels);
    return (x) => convolution(doubleSize(this.#backend, x));
  }

  norm(name: string, channels: number): VqLayer {
    const scale = this.#parameters.vector(`${name}.weight`, channels);
    const shift = this.#parameters.vector(`${name}.bias`, channels);
    return (x) => groupNorm(this.#backend, x, scale, shift, this.#groups);
  }

  activate(x: Tensor4D): Tensor4D {
    return swish(this.#backend, x);
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
      return this.#backend.tf.add(shortcut(x), mix(this.activate(second(hidden))));
    };
  }

  /** One head over all pixels, with a residual. */
  attention(name: string, channels: number): VqLayer {
    const { tf } = this.#backend;
    const norm = this.norm(`${name}.group_norm`, channels);
    const project = (part: string) => {
      const weight = this.#parameters.linear(`${name}.${part}.weight`, channels, channels);
      const bias = this.#parameters.vector(`${name}.${part}.bias`, channels);
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
      const attended = tf.stack(images.map(attend));
      return tf.add(x, tf.reshape(attended, x.shape));
    };
  }
}
