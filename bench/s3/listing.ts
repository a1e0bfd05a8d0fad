/**
 * Peak memory of listing a bucket and freezing the plan. The keys are made up by a server in another
 * process.
 * Usage: node bin/start.js bench/s3/listing.ts [KEYS]     (1,000,000 by default)
 */
import { fileURLToPath } from 'node:url';
import { peakMemory } from '../pipeline/process.ts';
import { startListing } from './listing-server.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const server = await startListing(keys);
Object.assign(process.env, {
  AWS_ENDPOINT_URL: server.endpoint,
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
});
const start = performance.now();
const script = fileURLToPath(new URL('plan-only.ts', import.meta.url));
const peak = await peakMemory(['--import=tsx', script, String(keys)]);
const seconds = (performance.now() - start) / 1000;
console.log(
  `${keys} keys listed and frozen: peak ${(peak / 2 ** 20).toFixed(0)} MiB in ${seconds.toFixed(0)} s`,
);
server.stop();
