/** The weights of a VQ model by name, each checked for its shape before it is used. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { CodecLmError } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';
import { readSafetensors } from '../../../base/safetensors/safetensors.ts';
import type { Weights } from '../../../base/safetensors/weights.ts';
import type { Backend } from '../../../compute/choose.ts';
import type { VqParameters } from './parameters.ts';

export const VQ_WEIGHTS_FILE = 'diffusion_pytorch_model.safetensors';
/** Name of the codes' vectors, [codes, width]. */
export const CODEBOOK = 'quantize.embedding.weight';

/** Names of the attention's layers before diffusers 0.15. */
const OLDER: readonly (readonly [now: string, before: string])[] = [
  ['.to_q.', '.query.'],
  ['.to_k.', '.key.'],
  ['.to_v.', '.value.'],
  ['.to_out.0.', '.proj_attn.'],
];

/** @throws CodecLmError `INPUT_NOT_FOUND` … */
export async function hashOfWeights(dir: string): Promise<string> {
  const path = join(dir, VQ_WEIGHTS_FILE);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    throw readError(error, path);
  }
  return hash.digest('hex');
}

export class VqWeights implements VqParameters {
  readonly #path: string;
  readonly #weights: Weights;
  readonly #tf: Backend['tf'];

  private constructor(path: string, weights: Weights, tf: Backend['tf']) {
    this.#path = path;
    this.#weights = weights;
    this.#tf = tf;
  }

  /** @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID` */
  static async read(dir: string, { tf }: Backend): Promise<VqWeights> {
    const path = join(dir, VQ_WEIGHTS_FILE);
    const { tensors } = await readSafetensors(path);
    return new VqWeights(path, tensors, tf);
  }

  /** @returns [length] */
  vector(name: string, length: number): Tensor1D {
    return this.#tf.tensor1d(this.#take(name, [length]));
  }

  /** @returns [rows, columns], as the file has it */
  matrix(name: string, rows: number, columns: number): Tensor2D {
    return this.#tf.tensor2d(this.#take(name, [rows, columns]), [rows, columns]);
  }

  /** A linear layer, or in older files a convolution of 1x1. @returns [inputs, outputs] */
  linear(name: string, inputs: number, outputs: number): Tensor2D {
    const data = this.#take(name, [outputs, inputs], [outputs, inputs, 1, 1]);
    return this.#tf.tidy(() => this.#tf.tensor2d(data, [outputs, inputs]).transpose<Tensor2D>());
  }

  /** @returns a kernel as tfjs has it, [side, side, inputs, outputs] */
  kernel(name: string, side: number, inputs: number, outputs: number): Tensor4D {
    const shape: [number, number, number, number] = [outputs, inputs, side, side];
    const data = this.#take(name, shape);
    return this.#tf.tidy(() => this.#tf.tensor4d(data, shape).transpose<Tensor4D>([2, 3, 1, 0]));
  }

  #take(name: string, ...shapes: number[][]): Float32Array {
    const older = OLDER.reduce((text, [now, before]) => text.replace(now, before), name);
    const found = this.#weights.get(name) ?? this.#weights.get(older);
    const wanted = shapes[0].join('x');
    if (!found) throw this.#wrong(`it has no tensor ${name} (${wanted})`);
    if (!shapes.some((shape) => shape.join() === found.shape.join())) {
      throw this.#wrong(`${name} is ${found.shape.join('x')}, config.json says ${wanted}`);
    }
    const bad = found.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw this.#wrong(`value ${bad} of ${name} is ${found.data[bad]}`);
    return found.data;
  }

  #wrong(what: string): CodecLmError {
    const message = `${this.#path} does not hold the VQ model of its config.json: ${what}`;
    return new CodecLmError('CHECKPOINT_INVALID', message, {
      path: this.#path,
      hint: 'fetch the folder again, both files of the same model',
    });
  }
}
