/** Takes the tensors of a file one by one, and says which one is missing, of another shape, or left over. */
import { CodecLmError } from '../../base/error.ts';
import type { Weights } from '../../base/safetensors/weights.ts';

export class Tensors {
  readonly #weights: Weights;
  readonly #path: string;
  readonly #network: string;
  readonly #taken = new Set<string>();

  constructor(weights: Weights, path: string, network: string) {
    this.#weights = weights;
    this.#path = path;
    this.#network = network;
  }

  has(name: string): boolean {
    return this.#weights.has(name);
  }

  /** Shape of a tensor that says how large the network is. @throws CodecLmError `CHECKPOINT_INVALID` */
  shape(name: string, rank: number): readonly number[] {
    const shape = this.#weights.get(name)?.shape;
    if (!shape) throw this.#invalid(`it has no tensor ${name}`);
    if (shape.length !== rank || shape.some((side) => side < 1)) {
      throw this.#invalid(`tensor ${name} is [${shape.join(', ')}], not of rank ${rank}`);
    }
    return shape;
  }

  /** @throws CodecLmError `CHECKPOINT_INVALID` that names the tensor */
  take(name: string, shape: readonly number[]): Float32Array {
    const tensor = this.#weights.get(name);
    if (!tensor) throw this.#invalid(`it has no tensor ${name}`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((side, i) => side !== shape[i])) {
      const [found, wanted] = [tensor.shape, shape].map((sides) => `[${sides.join(', ')}]`);
      throw this.#invalid(`tensor ${name} is ${found}, and should be ${wanted}`);
    }
    this.#taken.add(name);
    // Whoever takes it makes a copy of its own: two of a network are not held at once.
    this.#weights.delete(name);
    return tensor.data;
  }

  /** Tensors that change nothing in inference. */
  ignore(name: string): void {
    this.#taken.add(name);
  }

  /** To be called when all were taken. @throws CodecLmError `CHECKPOINT_INVALID` that names one of the others */
  finish(): void {
    const other = [...this.#weights.keys()].find(
      (name) => !this.#taken.has(name) && !name.endsWith('.num_batches_tracked'),
    );
    if (other !== undefined)
      throw this.#invalid(`it has a tensor ${other}, which this network has not`);
  }

  #invalid(message: string): CodecLmError {
    const path = this.#path;
    return new CodecLmError('CHECKPOINT_INVALID', `${path} as ${this.#network}: ${message}`, {
      path,
      hint: 'name a file with the weights of this very network; docs/evaluation.md says which are read',
    });
  }
}
