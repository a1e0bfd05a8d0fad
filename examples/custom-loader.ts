/**
 * A loop of your own over the batches: two ranks read the same epoch without a word to each other,
 * and one that stops goes on where it was.
 */
import { type LoaderState, openDataset } from 'codec-lm/shards';

const [dir] = process.argv.slice(2);
const dataset = await openDataset(dir);
const options = { microBatch: 2, seed: 7, epochs: 1, worldSize: 2 };

const seen: number[] = [];
let state: LoaderState | undefined;
for await (const { ids, seqLen, epoch, position } of dataset.loader({ ...options, rank: 0 })) {
  // ids is [microBatch * seqLen]: hand it to whatever trains.
  seen.push(ids.length / seqLen);
  state = { epoch, position, seed: options.seed };
  if (seen.length === 2) break;
}
console.log(`rank 0 stopped after ${seen.length} batches at ${JSON.stringify(state)}`);

let rest = 0;
for await (const _ of dataset.loader({ ...options, rank: 0, state })) rest++;
let other = 0;
for await (const _ of dataset.loader({ ...options, rank: 1 })) other++;
console.log(`rank 0 had ${rest} more, rank 1 has ${other} in all`);
await dataset.close();
