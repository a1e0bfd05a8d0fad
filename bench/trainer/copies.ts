/**
 * What a message costs besides the network: a bucket of 25 MB out of TensorFlow's memory into an
 * array, and back. With `mpirun -n 2` in front also the sum over ranks, for comparison.
 * Usage: copies.ts [--elements 6553600] [--rounds 15]. One line of JSON, milliseconds (medians).
 */
import { chooseBackend } from '../../compute/choose.ts';
import { bucketsOf, pack, unpack } from '../../trainer/distributed/buckets.ts';
import { Messages } from '../../trainer/distributed/messages.ts';
import { openCommunicator } from '../../trainer/distributed/open.ts';
import { median } from '../pipeline/race.ts';
import { parseSizes } from './sizes.ts';

/** A bucket is some matrices. */
const MATRICES = 4;

const { elements, rounds } = parseSizes({ elements: 6_553_600, rounds: 15 });
const backend = await chooseBackend();
const { tf } = backend;
const messages = new Messages(backend);
const communicator = await openCommunicator(60);
const shape = [elements / MATRICES / 64, 64];
const names = Array.from({ length: MATRICES }, (_, i) => String(i));
// Results of an op: they lie in TensorFlow's memory, not in an array.
const tensors = new Map(names.map((name) => [name, tf.mul(tf.randomNormal(shape), 2) as never]));
const [bucket] = bucketsOf(tensors, elements);
const times: Record<'out' | 'pack' | 'sum' | 'back', number[]> = {
  out: [],
  pack: [],
  sum: [],
  back: [],
};

async function timed<T>(kind: keyof typeof times, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  times[kind].push(performance.now() - started);
  return result;
}

for (let round = 0; round < rounds; round++) {
  await timed('out', () => {
    for (const tensor of tensors.values()) (tensor as { dataSync(): unknown }).dataSync();
  });
  const values = await timed('pack', () => pack(bucket, tensors, messages));
  await timed('sum', () => communicator.allReduce(values));
  const back = await timed('back', () => [...unpack(bucket, values, messages)]);
  messages.give(values);
  tf.dispose(back.map(([, tensor]) => tensor));
}
await communicator.close();
if (communicator.rank === 0) {
  const results = Object.entries(times).map(([kind, list]) => [
    kind,
    Number(median(list).toFixed(2)),
  ]);
  console.log(
    JSON.stringify({
      mb: (elements * 4) / 1e6,
      ranks: communicator.size,
      ...Object.fromEntries(results),
    }),
  );
}
