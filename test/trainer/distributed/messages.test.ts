import test from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import { Messages } from '../../../trainer/distributed/messages.ts';
import { random } from '../../helpers/gradcheck.ts';
import { testIf } from '../../helpers/tools.ts';

const backend = await chooseBackend();
const { tf } = backend;

for (const hasKernels of [false, ...(backend.hasKernels ? [true] : [])]) {
  test(`tensors go out and come in bit by bit, ${hasKernels ? 'by kernels' : 'by arrays'}`, (t) => {
    const messages = new Messages({ ...backend, hasKernels });
    for (const shape of [[3], [700, 301], [2, 3, 4], [0, 5]]) {
      const tensor = random(shape, shape.length);
      const wanted = [...tensor.dataSync()];
      const message = messages.take(tensor.size + 2).fill(7);
      messages.copyOut(tensor, message.subarray(1, tensor.size + 1));
      t.deepEqual([...message], [7, ...wanted, 7]);
      const back = messages.copyIn(message.subarray(1, tensor.size + 1), shape);
      message.fill(0);
      t.deepEqual(back.shape, shape);
      t.deepEqual([...back.dataSync()], wanted);
    }
  });
}

testIf(
  backend.hasKernels,
  'the kernels are not compiled',
  'an array of another length is refused',
  (t) => {
    const messages = new Messages(backend);
    t.throws(() => messages.copyOut(tf.ones([3]), new Float32Array(4)), { message: /CopyOut/ });
    t.throws(() => backend.setMessage!([1, 2] as never), { message: /Float32Array/ });
    const { native } = backend;
    const attrs = [
      { name: 'T', type: native!.binding.TF_ATTR_TYPE, value: native!.binding.TF_FLOAT },
    ];
    messages.copyOut(tf.ones([3]), new Float32Array(3));
    // An array is used once.
    t.throws(() => native!.binding.executeOp('CodecLmCopyIn', attrs, [], 1), { message: /CopyIn/ });
  },
);

test('memory that was given back is taken again, for messages of about the same length', (t) => {
  const messages = new Messages(backend);
  const [large, larger] = [2_000_000, 2_100_000];
  const first = messages.take(large);
  messages.give(first);
  t.is(messages.take(large - 1000).buffer, first.buffer);
  const second = messages.take(large);
  t.not(second.buffer, first.buffer);
  messages.give(second);
  // A longer one replaces it; one that is much shorter does not keep it.
  const third = messages.take(larger);
  t.not(third.buffer, second.buffer);
  messages.give(third);
  t.not(messages.take(large / 4).buffer, third.buffer);
  t.is(messages.take(large).buffer, third.buffer);
});
