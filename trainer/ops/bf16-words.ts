/**
 * Matrices in bfloat16 as messages: two numbers a word of 32 bits. tfjs and its addon know arrays of
 * 32 bits only, so a word is called a float32, and nobody may compute with it.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { NativeOps } from '../../compute/native.ts';
import { BFLOAT16, type Bf16Backend, markBf16 } from './bf16.ts';
import { intType } from './differentiable.ts';

/** Length of the message of so many numbers. */
export function wordCount(numbers: number): number {
  return Math.ceil(numbers / 2);
}

/** Rounds fp32 numbers to bfloat16, ties to even. @returns [wordCount], on the native backend */
export function toWords({ tf, native }: Bf16Backend, x: Tensor1D): Tensor1D {
  return tf.tidy(() => {
    const even = x.size % 2 === 0 ? x : (tf.pad(x, [[0, 1]]) as Tensor1D);
    const pairs = tf.reshape(even, [-1, 2]) as Tensor2D;
    const { TF_FLOAT } = native.binding;
    const [narrow] = native.binding.executeOp(
      'Cast',
      [type(native, 'SrcT', TF_FLOAT), type(native, 'DstT', BFLOAT16), truncate(native)],
      native.tensorIds([pairs]),
      1,
    );
    try {
      return native.adopt(bitcast(native, narrow.id, BFLOAT16, TF_FLOAT)) as Tensor1D;
    } finally {
      native.binding.deleteTensor(narrow.id);
    }
  });
}

/**
 * The matrices that lie in words one after the other, as factors of products (`bf16Factor`).
 * @param words [wordCount]
 * @param shapes of all that the words hold, in their order; a number more at the end is padding
 */
export function fromWords(
  { tf, native }: Bf16Backend,
  words: Tensor1D,
  shapes: number[][],
): Tensor[] {
  const { binding } = native;
  const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const padding = 2 * words.size - sizes.reduce((sum, size) => sum + size, 0);
  const lengths = padding > 0 ? [...sizes, padding] : sizes;
  const made: number[] = [];
  const run = (
    op: string,
    attrs: Parameters<typeof binding.executeOp>[1],
    ids: number[],
    count = 1,
  ) => {
    const results = binding.executeOp(op, attrs, ids, count);
    made.push(...results.map(({ id }) => id));
    return results;
  };
  const reshape = (id: number, shape: number[]) => {
    const dims = tf.tensor1d(shape, 'int32');
    const attrs = [type(native, 'T', BFLOAT16), intType(native, 'Tshape')];
    const [result] = run('Reshape', attrs, [id, ...native.tensorIds([dims])]);
    dims.dispose();
    return result;
  };
  const pairs = bitcast(native, native.tensorIds([words])[0], binding.TF_FLOAT, BFLOAT16);
  made.push(pairs.id);
  const flat = reshape(pairs.id, [2 * words.size]);
  const [cuts, axis] = [tf.tensor1d(lengths, 'int32'), tf.scalar(0, 'int32')];
  const attrs = [
    type(native, 'T', BFLOAT16),
    intType(native, 'Tlen'),
    { name: 'num_split', type: binding.TF_ATTR_INT, value: lengths.length },
  ];
  const parts = run('SplitV', attrs, [flat.id, ...native.tensorIds([cuts, axis])], lengths.length);
  tf.dispose([cuts, axis]);
  const matrices = shapes.map((shape, i) => {
    const result = reshape(parts[i].id, shape);
    made.pop();
    return markBf16(native.adopt({ ...result, dtype: binding.TF_FLOAT }));
  });
  for (const id of made) binding.deleteTensor(id);
  return matrices;
}

function bitcast(native: NativeOps, id: number, from: number, to: number) {
  return native.binding.executeOp(
    'Bitcast',
    [type(native, 'T', from), type(native, 'type', to)],
    [id],
    1,
  )[0];
}

function type({ binding }: NativeOps, name: string, value: number) {
  return { name, type: binding.TF_ATTR_TYPE, value };
}

function truncate({ binding }: NativeOps) {
  return { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false };
}
