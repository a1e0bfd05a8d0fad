/**
 * Tensors in messages, and the memory of messages. Arrays that are made anew for every message would stay
 * resident until V8 collects them: what a step has used is taken again.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { floatType } from '../ops/differentiable.ts';

/** Arrays of less are taken for any message, so that there are few sizes. */
const SMALL_BYTES = 2 ** 20;

export class Messages {
  readonly #backend: Backend;
  readonly #free: ArrayBufferLike[] = [];

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** @returns an array of `length` numbers of any value; give it back when the message has been used */
  take(length: number): Float32Array {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    const near = this.#free
      .filter(({ byteLength }) => byteLength <= Math.max(2 * bytes, SMALL_BYTES))
      .sort((a, b) => a.byteLength - b.byteLength);
    const fitting = near.find(({ byteLength }) => byteLength >= bytes);
    // One that is somewhat too small is replaced: buckets differ in length, and one serves all.
    const found = fitting ?? near.filter(({ byteLength }) => 2 * byteLength >= bytes).at(-1);
    if (found) this.#free.splice(this.#free.indexOf(found), 1);
    return new Float32Array(fitting ?? new ArrayBuffer(bytes), 0, length);
  }

  give(...arrays: Float32Array[]): void {
    this.#free.push(...arrays.map(({ buffer }) => buffer));
  }

  /** Copies fp32 numbers, from a tensor by one plain copy where the kernels are. `to` has as many. */
  copyOut(from: Tensor | Float32Array, to: Float32Array): void {
    if (from instanceof Float32Array) {
      to.set(from);
      return;
    }
    const { hasKernels, setMessage, native } = this.#backend;
    if (!hasKernels || !setMessage || !native) {
      to.set(from.dataSync<'float32'>());
      return;
    }
    const ids = native.tensorIds([from]);
    setMessage(to);
    native.binding.executeOp('CodecLmCopyOut', [floatType(native)], ids, 0);
  }

  /** Makes a tensor of numbers, which may change afterwards. */
  copyIn(from: Float32Array, shape: number[]): Tensor {
    const { hasKernels, setMessage, native, tf } = this.#backend;
    if (!hasKernels || !setMessage || !native) {
      const made = tf.tensor(from.slice(), shape, 'float32');
      // Otherwise tfjs would keep the array beside its copy until an op takes it.
      native?.tensorIds([made]);
      return made;
    }
    setMessage(from);
    const [flat] = native.binding.executeOp('CodecLmCopyIn', [floatType(native)], [], 1);
    const made = native.adopt(flat);
    if (shape.length === 1) return made;
    const shaped = tf.reshape(made, shape);
    made.dispose();
    return shaped;
  }
}
