/**
 * Matrix products in bfloat16: factors and results have 8 bits of precision, sums are fp32, and
 * inputs and outputs are fp32 tensors. This halves the memory that a product reads, and it is the
 * format of tensor cores and AMX. On CPUs without bf16 instructions it is not faster, and
 * TensorFlow truncates the last bits of a product instead of rounding.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { NativeOps } from '../../compute/native.ts';
import { flag } from './differentiable.ts';
import { matMul } from './mat-mul.ts';
import type { Transposes } from './wasm/heap-product.ts';

/** TensorFlow's number of the type bfloat16. */
export const BFLOAT16 = 14;

/** A backend that has the type. */
export type Bf16Backend = Backend & { native: NativeOps };

/** Buffers of tensors that are bfloat16, although tfjs calls them float32. */
const narrow = new WeakSet<object>();

/** Marks a tensor that is bfloat16 to TensorFlow. Its clones are too: they have the same buffer. */
export function markBf16<T extends Tensor>(x: T): T {
  narrow.add(x.dataId);
  return x;
}

export function isBf16(x: Tensor): boolean {
  return narrow.has(x.dataId);
}

/** [m, k] x [k, n] -> [m, n]; each factor is first transposed if requested. */
export function bf16MatMul(
  backend: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  return backend.tf.tidy(() =>
    bf16Product(backend, bf16Factor(backend, a), bf16Factor(backend, b), transpose),
  );
}

/**
 * Prepares a matrix for products, so that a factor of several products is cast once. On the native
 * backend its values are bfloat16, a type that tfjs does not know and calls float32: only
 * `bf16Product` and `fromBf16` can use it. A factor is given back as it is.
 */
export function bf16Factor(backend: Backend, x: Tensor2D): Tensor2D {
  const { native } = backend;
  if (!native) return toBf16(backend, x);
  if (narrow.has(x.dataId)) return x;
  const { TF_FLOAT } = native.binding;
  const factor = cast(native, native.tensorIds([x])[0], TF_FLOAT, BFLOAT16);
  return markBf16(native.adopt({ ...factor, dtype: TF_FLOAT })) as Tensor2D;
}

/** The fp32 values of a factor. */
export function fromBf16({ native, tf }: Backend, factor: Tensor2D): Tensor2D {
  if (!native) return tf.clone(factor);
  const { TF_FLOAT } = native.binding;
  return native.adopt(cast(native, native.tensorIds([factor])[0], BFLOAT16, TF_FLOAT)) as Tensor2D;
}

/** A product of two factors, as an fp32 tensor. */
export function bf16Product(
  backend: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  const { native, tf } = backend;
  if (!native) return tf.tidy(() => toBf16(backend, matMul(backend, a, b, transpose)));
  const { binding } = native;
  const attributes = [
    flag(native, 'transpose_a', transpose.a ?? false),
    flag(native, 'transpose_b', transpose.b ?? false),
    { name: 'T', type: binding.TF_ATTR_TYPE, value: BFLOAT16 },
  ];
  const { id } = binding.executeOp('MatMul', attributes, native.tensorIds([a, b]), 1)[0];
  try {
    return native.adopt(cast(native, id, BFLOAT16, binding.TF_FLOAT)) as Tensor2D;
  } finally {
    binding.deleteTensor(id);
  }
}

/**
 * The same rounding in fp32 arithmetic, for every backend. It is the reference, not a faster way.
 */
export function plainBf16MatMul(
  backend: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  return backend.tf.tidy(() =>
    toBf16(backend, matMul(backend, toBf16(backend, a), toBf16(backend, b), transpose)),
  );
}

/**
 * Rounds to the nearest number with 8 significant bits (Dekker 1971's splitting of 24 bits at 16).
 */
export function toBf16<T extends Tensor>({ tf }: Backend, x: T): T {
  return tf.tidy(() => {
    const wide = tf.mul(x, 2 ** 16 + 1);
    return tf.sub(wide, tf.sub(wide, x)) as T;
  });
}

function cast({ binding }: NativeOps, id: number, from: number, to: number) {
  const attributes = [
    { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: from },
    { name: 'DstT', type: binding.TF_ATTR_TYPE, value: to },
    { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
  ];
  return binding.executeOp('Cast', attributes, [id], 1)[0];
}
