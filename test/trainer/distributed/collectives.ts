/** A rank of the communicator's test: does each collective once and prints what it got, as JSON. */
import { setTimeout } from 'node:timers/promises';
import { openCommunicator } from '../../../trainer/distributed/open.ts';

const [mode] = process.argv.slice(2);
const communicator = await openCommunicator(mode === 'silent' ? 2 : 60);
const { rank, size } = communicator;

if (mode === 'throws' && rank === 1) throw new Error('rank one is broken');
if (mode === 'silent' && rank === 1) await setTimeout(60_000);

const sums = Float64Array.of(rank + 1, 2 ** 40);
await communicator.allReduce(sums);
const largest = Float32Array.of(rank, -rank);
await communicator.allReduce(largest, 'max');
const counts = Array.from({ length: size }, (_, i) => i + 1);
const total = counts.reduce((sum, count) => sum + count, 0);
const values = Float32Array.from({ length: total }, (_, i) => i + 100 * rank);
const part = await communicator.reduceScatter(values, counts);
const all = await communicator.allGather(part, counts);
const told = Float64Array.of(rank + 7);
await communicator.broadcast(told, size - 1);
// More than one message of any network.
const large = new Float32Array(3_000_000).fill(rank + 1);
await communicator.allReduce(large);
const isLargeRight = large.every((value) => value === (size * (size + 1)) / 2);
await communicator.close();
const lists = { sums, largest, part, all, told };
const plain = Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, [...list]]));
process.stdout.write(`${JSON.stringify({ rank, size, isLargeRight, ...plain })}\n`);
