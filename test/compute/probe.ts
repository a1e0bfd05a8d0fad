/** Prints what a fresh process gets from `chooseBackend`: values and gradients of a few ops. */
import type { Tensor } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import { chooseBackend } from '../../compute/choose.ts';

try {
  const lines: string[] = [];
  const { name, reason, tf, executeOp, native, versions } = await chooseBackend({
    onEvent: ({ reason }) => lines.push(reason),
  });
  const a = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
  const b = tf.tensor2d([0.5, -1, 2, 0, 1, 3], [3, 2]);
  const loss = (x: Tensor) => tf.matMul(x, b).square().mean().asScalar();
  const values = {
    loss: Array.from(loss(a).dataSync()),
    gradient: Array.from(tf.grad(loss)(a).dataSync()),
    softmax: Array.from(tf.softmax(a).dataSync()),
    largest: Array.from(tf.topk(a, 2).values.dataSync()),
  };
  let raw: number[] | undefined;
  if (native && executeOp) {
    const { binding, tensorIds, adopt } = native;
    const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
    const [sum] = executeOp('AddV2', [type], tensorIds([a, a]), 1);
    raw = Array.from(adopt(sum).dataSync());
  }
  console.log(JSON.stringify({ name, reason, lines, versions, values, raw }));
} catch (error) {
  console.log(JSON.stringify({ code: error instanceof CodecLmError ? error.code : String(error) }));
}
