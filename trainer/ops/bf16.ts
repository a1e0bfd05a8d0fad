/**
 * Matrix products in bfloat16: factors and results have 8 bits of precision, sums run in fp32, and
 * what comes in and goes out are fp32 tensors. Halves what a product reads, and is what tensor
 * cores and AMX work with. On CPUs without bf16 instructions it is no faster, and TensorFlow cuts
 * a product's last bits instead of rounding them.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import type { NativeOps } from '../backend/native.ts';
import { flag } from './differentiable.ts';
import { matMul, type Transposes } from './mat-mul.ts';

/** TensorFlow's number of the type. */
const BFLOAT16 = 14;

/** A product of two matrices, each transposed first where it says so: [m, k] x [k, n] -> [m, n]. */
export interface Product {
  a: Tensor2D;
  b: Tensor2D;
  transpose?: Transposes;
}

/** [m, k] x [k, n] -> [m, n], each factor transposed first where it says so. */
export function bf16MatMul(
  backend: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  return bf16Products(backend, [{ a, b, transpose }])[0];
}

/** Several products; a factor of more than one is cast once. */
export function bf16Products(backend: Backend, products: readonly Product[]): Tensor2D[] {
  if (backend.native) return nativeBf16Products(backend, products);
  return products.map(({ a, b, transpose }) => plainBf16MatMul(backend, a, b, transpose));
}

/**
 * tfjs has no tensors of this type, so it goes by handles. Casts are not kept: one of a weight
 * is a hundredth of its product.
 */
export function nativeBf16Products({ native }: Backend, products: readonly Product[]): Tensor2D[] {
  const { binding } = native!;
  const { TF_FLOAT } = binding;
  const held: number[] = [];
  const hold = (id: number) => {
    held.push(id);
    return id;
  };
  const casts = new Map<Tensor2D, number>();
  const factor = (x: Tensor2D) => {
    const known = casts.get(x);
    if (known !== undefined) return known;
    const id = hold(cast(native!, native!.tensorIds([x])[0], TF_FLOAT, BFLOAT16).id);
    casts.set(x, id);
    return id;
  };
  try {
    return products.map(({ a, b, transpose = {} }) => {
      const attributes = [
        flag(native!, 'transpose_a', transpose.a ?? false),
        flag(native!, 'transpose_b', transpose.b ?? false),
        { name: 'T', type: binding.TF_ATTR_TYPE, value: BFLOAT16 },
      ];
      const factors = [factor(a), factor(b)];
      const product = hold(binding.executeOp('MatMul', attributes, factors, 1)[0].id);
      return native!.adopt(cast(native!, product, BFLOAT16, TF_FLOAT)) as Tensor2D;
    });
  } finally {
    for (const id of held) binding.deleteTensor(id);
  }
}

/** The same roundings in fp32 arithmetic, for every backend: the reference, not a faster way. */
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

/** To the nearest number with 8 significant bits (Dekker 1971's splitting, of 24 bits at 16). */
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
