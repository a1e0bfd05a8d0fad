import test from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import { bucketsOf, pack, unpack } from '../../../trainer/distributed/buckets.ts';
import { Messages } from '../../../trainer/distributed/messages.ts';
import { random } from '../../helpers/gradcheck.ts';

const SHAPES: Record<string, number[]> = { a: [4, 3], b: [7], c: [5, 5], d: [2, 2], e: [1] };

test('buckets hold every parameter once, in order, and no more than the limit but for a large one alone', (t) => {
  const parameters = new Map(Object.entries(SHAPES).map(([name, shape]) => [name, { shape }]));
  const names = (limit: number) =>
    bucketsOf(parameters, limit).map(({ slots }) => slots.map(({ name }) => name).join(''));
  t.deepEqual(names(1000), ['abcde']);
  t.deepEqual(names(20), ['ab', 'c', 'de']);
  t.deepEqual(names(1), ['a', 'b', 'c', 'd', 'e']);
});

test('what is packed in several buckets comes back as it was', async (t) => {
  const messages = new Messages(await chooseBackend());
  const tensors = new Map(
    Object.entries(SHAPES).map(([name, shape], i) => [name, random(shape, i)]),
  );
  const back = new Map<string, number[]>();
  for (const bucket of bucketsOf(tensors, 20)) {
    const values = pack(bucket, tensors, messages);
    t.is(values.length, bucket.length);
    for (const [name, tensor] of unpack(bucket, values, messages)) {
      t.deepEqual(tensor.shape, SHAPES[name]);
      back.set(name, [...tensor.dataSync()]);
    }
  }
  for (const [name, tensor] of tensors) t.deepEqual(back.get(name), [...tensor.dataSync()]);
});
