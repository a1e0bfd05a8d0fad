/**
 * Tensors by handle, for what lies between the ops of one function: without tfjs's tensors around them
 * an op costs half, and they may be of types that tfjs does not know.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { OpAttr, TensorMetadata } from '../../compute/binding.ts';
import type { NativeOps } from '../../compute/native.ts';
import { BFLOAT16, isBf16, markBf16 } from './bf16.ts';

export type Handle = Readonly<TensorMetadata>;

/** The handles of a function: whatever is left at its end is freed. */
export class Handles {
  readonly #native: NativeOps;
  readonly #made = new Set<number>();

  constructor(native: NativeOps) {
    this.#native = native;
  }

  /** The handle of a tensor, which keeps it. */
  of(x: Tensor): Handle {
    const [id] = this.#native.tensorIds([x]);
    const { TF_FLOAT, TF_INT32 } = this.#native.binding;
    const type = x.dtype === 'int32' ? TF_INT32 : TF_FLOAT;
    return { id, shape: x.shape, dtype: isBf16(x) ? BFLOAT16 : type };
  }

  run(op: string, attrs: OpAttr[], inputs: readonly Handle[], outputs: number): Handle[] {
    const { binding } = this.#native;
    const ids = inputs.map(({ id }) => id);
    const results = binding.executeOp(op, attrs, ids, outputs);
    for (const { id } of results) this.#made.add(id);
    return results;
  }

  /** Frees handles that `run` returned, once they have been used. */
  free(...handles: readonly Handle[]): void {
    for (const { id } of handles) {
      // Those of tensors belong to them.
      if (this.#made.delete(id)) this.#native.binding.deleteTensor(id);
    }
  }

  /** Makes a tensor of a handle that `run` returned. */
  take(handle: Handle): Tensor {
    this.#made.delete(handle.id);
    if (handle.dtype !== BFLOAT16) return this.#native.adopt(handle);
    return markBf16(this.#native.adopt({ ...handle, dtype: this.#native.binding.TF_FLOAT }));
  }

  close(): void {
    for (const id of this.#made) this.#native.binding.deleteTensor(id);
    this.#made.clear();
  }
}
