import '../../../helpers/on-wasm.ts';
import type { Tensor3D } from '@tensorflow/tfjs';
import test from 'ava';
import { batchMatMul } from '../../../../trainer/ops/mat-mul.ts';
import { fitsHeapKernels, productInHeap } from '../../../../trainer/ops/wasm/heap-product.ts';
import { backend, difference, random } from '../../../helpers/gradcheck.ts';

const { tf } = backend;

/** m, k, n: whole tiles and panels, none of them whole, more rows than a block, and as few as there may be. */
const SHAPES = [
  [8, 12, 16],
  [13, 7, 21],
  [579, 130, 43],
  [4, 1, 8],
];

for (const [a, b] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
]) {
  test(`productInHeap equals tfjs's product; transposed: ${a}, ${b}`, (t) => {
    const before = tf.memory().numTensors;
    const held = tf.backend().numDataIds();
    for (const [m, k, n] of SHAPES) {
      tf.tidy(() => {
        const left = random<Tensor3D>(a ? [3, k, m] : [3, m, k], 1);
        const right = random<Tensor3D>(b ? [3, n, k] : [3, k, n], 2);
        t.true(fitsHeapKernels(left, right, { a, b }));
        const ours = productInHeap(backend, left, right, { a, b });
        const theirs = tf.matMul(left, right, a, b);
        t.deepEqual(ours.shape, [3, m, n]);
        t.true(difference(ours.dataSync(), theirs.dataSync()) < 1e-5, `${m} ${k} ${n}`);
      });
    }
    t.deepEqual([tf.memory().numTensors, tf.backend().numDataIds()], [before, held]);
  });
}

test('matrices below a tile or a panel are left to tfjs', (t) => {
  const [column, row] = [tf.ones([2, 9, 1]), tf.ones([2, 1, 9])] as Tensor3D[];
  t.false(fitsHeapKernels(row, column, {}));
  t.deepEqual([...batchMatMul(backend, row, column).dataSync()], [9, 9]);
  t.deepEqual([...batchMatMul(backend, column, column, { a: true }).dataSync()], [9, 9]);
});
