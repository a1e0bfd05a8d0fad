/**
 * Part of verify: checks that the lists of the plan are complete and that each input is a document,
 * a failure or left out.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { joinPlace as join, storageAt } from '../../base/storage/index.ts';
import { isClipReason } from '../../schemas/clips.ts';
import { filteredSchema } from '../../schemas/curation.ts';
import { failureSchema } from '../../schemas/dataset.ts';
import { type Plan, planSchema } from '../../schemas/plan.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { readExtensions } from './extensions.ts';
import type { Findings } from './findings.ts';

const PLAN_FILE = 'plan.json';

/** Checks that the frozen lists of inputs are those that the plan was made with. */
export async function checkPlan(dataset: Dataset, findings: Findings): Promise<void> {
  const { dir, manifest } = dataset;
  await findings.collect(PLAN_FILE, async () => {
    const plan = await readPlan(join(dir, PLAN_FILE));
    const extensions = await readExtensions(dataset);
    const all = [plan, ...extensions];
    const inputs = all.reduce((sum, part) => sum + part.inputs, 0);
    if (inputs !== manifest.totals.inputs) {
      const message = `${inputs} inputs; the manifest says ${manifest.totals.inputs}`;
      throw new CodecLmError('DATASET_INVALID', message);
    }
    const planned = all.reduce((sum, { listing }) => sum + (listing.unread ?? 0), 0);
    const stated = manifest.totals.unread ?? 0;
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
    if (!isDeepStrictEqual(columnsOfAll(plan, extensions), manifest.columns)) {
      throw new CodecLmError('DATASET_INVALID', 'its columns are not those of the manifest');
    }
    const names = Array.from(
      { length: Math.ceil(plan.inputs / plan.config.partitionSize) },
      (_, i) => `part-${String(i).padStart(5, '0')}`,
    );
    checkFilteredCounts(all, manifest.totals.filteredByReason);
    await checkLists(dir, names, plan);
    for (const extension of extensions) {
      const own = extension.partitions.map(({ name }) => name);
      await checkLists(dir, own, extension);
    }
  });
}

type Frozen = Pick<Plan, 'inputsHash' | 'curated' | 'columns'>;

/** The columns of the plan, with the missing values of extensions added. */
function columnsOfAll(plan: Plan, extensions: readonly Frozen[]): Plan['columns'] {
  return plan.columns?.map((column, i) => ({
    ...column,
    missing: extensions.reduce(
      (sum, { columns }) => sum + (columns?.[i].missing ?? 0),
      column.missing,
    ),
  }));
}

function checkFilteredCounts(
  all: readonly Frozen[],
  totals: Readonly<Record<string, number>> = {},
): void {
  // Partitions find out which clips there are; checkCoverage counts those.
  const ofCuration = Object.entries(totals).filter(([reason]) => !isClipReason(reason));
  const found: Record<string, number> = {};
  for (const { curated } of all) {
    for (const [reason, n] of Object.entries(curated?.filteredByReason ?? {})) {
      found[reason] = (found[reason] ?? 0) + n;
    }
  }
  if (isDeepStrictEqual(found, Object.fromEntries(ofCuration))) return;
  throw new CodecLmError('DATASET_INVALID', 'it left out other inputs than the manifest says');
}

/** Checks the lists of inputs, and of those that curation left out. */
async function checkLists(
  dir: string,
  names: readonly string[],
  { inputsHash, curated }: Frozen,
): Promise<void> {
  const all = createHash('sha256');
  for (const name of names) await hashFile(join(dir, 'plan', `${name}.tsv`), all);
  if (all.digest('hex') !== inputsHash) {
    throw new CodecLmError('DATASET_INVALID', 'the lists of plan/ are not those of the plan');
  }
  for (const [i, wanted] of (curated?.hashes ?? []).entries()) {
    if (wanted === null) continue;
    const name = `filtered/${names[i]}.jsonl`;
    const hash = createHash('sha256');
    await hashFile(join(dir, name), hash);
    if (hash.digest('hex') === wanted) continue;
    throw new CodecLmError('DATASET_INVALID', `${name} is not the list of the plan`);
  }
}

async function readPlan(path: string) {
  const text = await readText(path);
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
  for await (const chunk of storageAt(path).stream(path)) hash.update(chunk);
}

async function readText(path: string): Promise<string> {
  return (await storageAt(path).read(path)).toString('utf8');
}

/**
 * Checks that each input of the plan is a document, a failure or left out; a failed input may have
 * been retried.
 * @param documents ids of the documents in the shards
 */
export async function checkCoverage(
  { dir, manifest }: Dataset,
  documents: Set<number>,
  findings: Findings,
): Promise<void> {
  const { inputs, failures } = manifest.totals;
  const failed = await idsOf(dir, 'failures', failureSchema, findings);
  const leftOut = await idsOf(dir, 'filtered', filteredSchema, findings);
  for (const input of documents) failed.delete(input);
  // A retry may have found that a clip is not there.
  for (const input of leftOut) failed.delete(input);
  const filtered = Object.values(manifest.totals.filteredByReason ?? {});
  const stated = filtered.reduce((sum, count) => sum + count, 0);
  // An extension that is not finished has inputs behind those of the dataset.
  const listed = [...leftOut].filter((input) => input < inputs).length;
  if (listed !== stated) {
    const message = `${listed} inputs are listed that were left out`;
    findings.add('filtered', `${message}, dataset.json says ${stated}`);
    return;
  }
  if (failed.size !== failures) {
    const message = `${failed.size} failed inputs are listed`;
    findings.add('failures', `${message}, dataset.json says ${failures}`);
    return;
  }
  for (let input = 0; input < inputs; input++) {
    if (documents.has(input) || failed.has(input) || leftOut.has(input)) continue;
    findings.add(PLAN_FILE, `input ${input} is neither a document nor a failure, nor left out`);
    if (findings.truncated) return;
  }
}

/** The inputs that the lines of a folder name. */
async function idsOf(
  dir: string,
  name: 'failures' | 'filtered',
  schema: z.ZodType<{ input: number }>,
  findings: Findings,
): Promise<Set<number>> {
  const ids = new Set<number>();
  const folder = join(dir, name);
  // A dataset without such inputs may have no such folder.
  for (const file of await storageAt(folder).names(folder)) {
    if (!file.endsWith('.jsonl')) continue;
    const path = join(folder, file);
    const text = await readText(path);
    for (const line of text.split('\n').filter(Boolean)) {
      const found = parseLine(line, schema);
      if (found) ids.add(found.input);
      else findings.add(`${name}/${file}`, `not a line of ${name}: ${line.slice(0, 80)}`);
    }
  }
  return ids;
}

function parseLine<T>(line: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
