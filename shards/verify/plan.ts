/**
 * Part of verify: checks that the lists of the plan are complete and that each input is a document
 * or a failure.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { namesIn } from '../../base/files.ts';
import { failureSchema } from '../../schemas/dataset.ts';
import { planSchema } from '../../schemas/plan.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Findings } from './findings.ts';

const PLAN_FILE = 'plan.json';

/** Checks that the frozen lists of inputs are those that the plan was made with. */
export async function checkPlan({ dir, manifest }: Dataset, findings: Findings): Promise<void> {
  await findings.collect(PLAN_FILE, async () => {
    const plan = await readPlan(join(dir, PLAN_FILE));
    if (plan.inputs !== manifest.totals.inputs) {
      const message = `${plan.inputs} inputs; the manifest says ${manifest.totals.inputs}`;
      throw new CodecLmError('DATASET_INVALID', message);
    }
    const [planned, stated] = [plan.listing.unread ?? 0, manifest.totals.unread ?? 0];
    if (planned !== stated) {
      const message = `${planned} places that could not be read; the manifest says ${stated}`;
      throw new CodecLmError('DATASET_INVALID', message);
    }
    // The manifest keeps a copy of the request, besides rounds of retries.
    for (const [key, value] of Object.entries({ ...plan.config, inputsHash: plan.inputsHash })) {
      if (isDeepStrictEqual(value, manifest.config[key])) continue;
      throw new CodecLmError('DATASET_INVALID', `its ${key} is not that of the manifest`);
    }
    for (const [key, value] of Object.entries(plan.learned ?? {})) {
      if (value === manifest.codec.settings[key]) continue;
      throw new CodecLmError('DATASET_INVALID', `its learned ${key} is not that of the manifest`);
    }
    const hash = createHash('sha256');
    for (let i = 0; i * plan.config.partitionSize < plan.inputs; i++) {
      await hashFile(join(dir, 'plan', `part-${String(i).padStart(5, '0')}.tsv`), hash);
    }
    if (hash.digest('hex') === plan.inputsHash) return;
    throw new CodecLmError('DATASET_INVALID', 'the lists of plan/ are not those of the plan');
  });
}

async function readPlan(path: string) {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodecLmError('DATASET_INVALID', 'not JSON', { cause: error });
  }
  const result = planSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CodecLmError('DATASET_INVALID', `${issue.path.join('.')}: ${issue.message}`);
}

async function hashFile(path: string, hash: ReturnType<typeof createHash>): Promise<void> {
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    throw readError(error, path);
  }
}

/**
 * Checks that each input of the plan is a document or a failure; a failed input may have been
 * retried.
 * @param documents ids of the documents in the shards
 */
export async function checkCoverage(
  { dir, manifest }: Dataset,
  documents: Set<number>,
  findings: Findings,
): Promise<void> {
  const { inputs, failures } = manifest.totals;
  const failed = await readFailures(dir, findings);
  for (const input of documents) failed.delete(input);
  if (failed.size !== failures) {
    const stated = `dataset.json says ${failures}`;
    findings.add('failures', `${failed.size} failed inputs are listed, ${stated}`);
    return;
  }
  for (let input = 0; input < inputs; input++) {
    if (documents.has(input) || failed.has(input)) continue;
    findings.add(PLAN_FILE, `input ${input} is neither a document nor a failure`);
    if (findings.truncated) return;
  }
}

async function readFailures(dir: string, findings: Findings): Promise<Set<number>> {
  const failed = new Set<number>();
  const folder = join(dir, 'failures');
  // A dataset without failed inputs may have no such folder.
  for (const name of await namesIn(folder)) {
    if (!name.endsWith('.jsonl')) continue;
    const path = join(folder, name);
    const text = await readFile(path, 'utf8').catch((error) => {
      throw readError(error, path);
    });
    for (const line of text.split('\n').filter(Boolean)) {
      const failure = parseFailure(line);
      if (failure) failed.add(failure.input);
      else findings.add(`failures/${name}`, `not a failure: ${line.slice(0, 80)}`);
    }
  }
  return failed;
}

function parseFailure(line: string) {
  try {
    return failureSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
