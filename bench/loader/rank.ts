/**
 * One rank that reads a dataset, as a process: it waits for a line on stdin, then reads epoch after
 * epoch, and prints a JSON line for each.
 * Usage: node bin/start.js bench/loader/rank.ts DATASET RANK WORLD_SIZE EPOCHS [CACHE [STEP_MS]]
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { counters } from '../../base/storage/s3/retry.ts';
import { openDataset } from '../../shards/index.ts';

const [dir, rank, worldSize, epochs, cacheDir, stepMs = '0'] = process.argv.slice(2);
console.log(JSON.stringify({ ready: true }));
await once(process.stdin, 'data');

const start = performance.now();
const cache = cacheDir ? { dir: cacheDir, bytes: 50e9 } : undefined;
const dataset = await openDataset(dir, { cache });
const loader = dataset.loader({
  rank: Number(rank),
  worldSize: Number(worldSize),
  microBatch: 4,
  epochs: Number(epochs),
});
let [since, cpu, tokens, epoch] = [start, process.cpuUsage(), 0, 0];
let first = 0;

function endEpoch(): void {
  const now = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (now - since) / 1000;
  const figures = { epoch, tokens, seconds, cpu: (user + system) / 1e6, first: first / 1000 };
  console.log(JSON.stringify(figures));
  [since, cpu, tokens] = [performance.now(), process.cpuUsage(), 0];
}

for await (const batch of loader) {
  first ||= performance.now() - start;
  tokens += batch.ids.length;
  loader.recycle(batch);
  if (Number(stepMs) > 0) await sleep(Number(stepMs));
  if (batch.epoch > epoch) {
    endEpoch();
    epoch = batch.epoch;
  }
}
const memory = process.resourceUsage().maxRSS / 1024;
const { seconds, waited, share } = loader.stats();
// The first batch is a figure of its own.
const afterFirst = Math.max(0, waited - first / 1000) / (seconds - first / 1000);
const { requests } = counters;
console.log(JSON.stringify({ share, afterFirst, memory, requests }));
await dataset.close();
process.exit();
