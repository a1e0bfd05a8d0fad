/** The parameters of a VQ model while they are trained, made when the layers ask for them. */
import type { Tensor1D, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import { CodecLmError } from '../../../../base/error.ts';
import { hashWords, randomFractions } from '../../../../base/random.ts';
import type { Weights } from '../../../../base/safetensors/weights.ts';
import type { Backend } from '../../../../compute/choose.ts';
import type { VqParameters } from '../parameters.ts';

interface Parameter {
  variable: Variable;
  /** Axes of the file's tensor in those of the variable, and back. */
  toFile: number[];
}

export class VqVariables implements VqParameters {
  readonly #tf: Backend['tf'];
  readonly #seed: number;
  readonly #stored: Weights | undefined;
  readonly #all = new Map<string, Parameter>();

  /** @param stored those of a checkpoint, as `toWeights` gave them; else new ones are drawn */
  constructor({ tf }: Backend, seed: number, stored?: Weights) {
    this.#tf = tf;
    this.#seed = seed;
    this.#stored = stored;
  }

  /** By name, in the order of the layers. */
  get variables(): Map<string, Variable> {
    return new Map([...this.#all].map(([name, { variable }]) => [name, variable]));
  }

  /** Scales of normalizations are 1 at first, biases and shifts 0. */
  vector(name: string, length: number): Tensor1D {
    const first = name.endsWith('.weight') ? 1 : 0;
    return this.#make(name, [length], [0], () => new Float32Array(length).fill(first));
  }

  linear(name: string, inputs: number, outputs: number): Tensor2D {
    return this.#make(name, [inputs, outputs], [1, 0], () => this.#drawn(inputs * outputs, inputs));
  }

  kernel(name: string, side: number, inputs: number, outputs: number): Tensor4D {
    const fan = side * side * inputs;
    return this.#make(name, [side, side, inputs, outputs], [3, 2, 0, 1], () =>
      this.#drawn(fan * outputs, fan),
    );
  }

  /** In the layout of diffusers. */
  async toWeights(): Promise<Weights> {
    const weights: Weights = new Map();
    for (const [name, { variable, toFile }] of this.#all) {
      const turned = this.#tf.tidy(() => this.#tf.transpose(variable, toFile));
      weights.set(name, { shape: turned.shape, data: Float32Array.from(await turned.data()) });
      turned.dispose();
    }
    return weights;
  }

  dispose(): void {
    for (const { variable } of this.#all.values()) variable.dispose();
  }

  /** @param shape of the variable */
  #make<T>(name: string, shape: number[], toFile: number[], first: () => Float32Array): T {
    const tf = this.#tf;
    const variable = tf.tidy(() => {
      const stored = this.#stored?.get(name);
      if (this.#stored && !stored) {
        throw new CodecLmError('CHECKPOINT_INVALID', `the checkpoint has no tensor ${name}`);
      }
      const initial = stored
        ? tf.transpose(tf.tensor(stored.data, stored.shape), inverse(toFile))
        : tf.tensor(first(), shape);
      return tf.variable(initial);
    });
    this.#all.set(name, { variable, toFile });
    return variable as T;
  }

  /** Uniform in ±1/sqrt(fan), as PyTorch begins its layers. */
  #drawn(count: number, fan: number): Float32Array {
    const random = randomFractions(hashWords(this.#seed, 1), this.#all.size);
    const bound = 1 / Math.sqrt(fan);
    return Float32Array.from({ length: count }, () => bound * (2 * random() - 1));
  }
}

function inverse(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}
