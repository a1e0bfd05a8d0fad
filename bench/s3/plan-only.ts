/** Lists s3://bucket/photos and freezes the plan, as a process whose memory is measured. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePlan } from '../../pipeline/plan/make.ts';
import type { PlanConfig } from '../../schemas/plan.ts';

const out = await mkdtemp(join(tmpdir(), 'codec-lm-listing-'));
const config: PlanConfig = {
  codec: { name: 'jpeg', settings: {}, versions: {} },
  sources: ['s3://bucket/photos'],
  merges: 0,
  bpeSamples: 0,
  tokenizer: null,
  seqLen: 12_288,
  partitionSize: 1000,
  seed: 0,
  valFraction: 0,
};
const plan = await makePlan({
  out,
  config,
  noun: 'image',
  extensions: new Set(['.jpg']),
  lock: { check: async () => undefined },
});
if (plan.inputs !== Number(process.argv[2])) throw new Error(`${plan.inputs} inputs planned`);
await rm(out, { recursive: true });
