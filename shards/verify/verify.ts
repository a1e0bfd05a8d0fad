/**
 * Compares a dataset with its manifest, its hashes, its tokenizer and its codec. It collects every
 * problem with its place: a damaged file does not hide others.
 */
import { CodecLmError } from '../../base/error.ts';
import { joinPlace as join, storageAt } from '../../base/storage/index.ts';
import type { Manifest, ShardEntry } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import { type Dataset, openDataset } from '../dataset/dataset.ts';
import { openListed } from '../dataset/pool.ts';
import { surveyValues } from '../parquet/bits.ts';
import { checkCard } from './card.ts';
import { verifyDocuments } from './documents.ts';
import { Findings, type Problem, type VerifyOptions } from './findings.ts';
import { checkHash } from './hash.ts';
import { checkPlan } from './plan.ts';

export interface VerifyReport {
  problems: Problem[];
  /** True when more problems were found than are listed. */
  truncated: boolean;
  files: number;
  rows: number;
  tokens: number;
  documents: number;
  /**
   * Number of places in the sources that could not be read. This is not damage, but the dataset
   * lacks their inputs.
   */
  unread: number;
}

/**
 * @param dir a dataset directory
 * @throws CodecLmError only when there is no manifest to compare with
 */
export async function verifyDataset(
  dir: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const dataset = await openDataset(dir);
  const { manifest } = dataset;
  const findings = new Findings();
  const unread = manifest.totals.unread ?? 0;
  const report = { files: 0, rows: 0, tokens: 0, documents: 0, unread };
  const files = [...manifest.shards, ...manifest.documents];
  for (const entry of files) {
    if (options.signal?.aborted) break;
    options.onEvent?.({ type: 'hashes', done: report.files, total: files.length });
    await findings.collect(entry.file, () => checkHash(join(dir, entry.file), entry));
    report.files++;
  }
  for (const entry of manifest.shards) {
    if (options.signal?.aborted) break;
    options.onEvent?.({ type: 'rows', done: report.rows, total: manifest.totals.rows });
    const counts = await findings.collect(entry.file, () => checkShard(dataset, entry));
    report.rows += counts?.rows ?? 0;
    report.tokens += counts?.tokens ?? 0;
  }
  checkTotals(manifest, findings);
  await findings.collect('shards', () => checkUnlisted(dir, manifest, findings));
  await checkCard(dataset, findings);
  await checkPlan(dataset, findings);
  if (!options.signal?.aborted) {
    report.documents = await verifyDocuments(dataset, findings, options);
  }
  await dataset.close();
  return { ...report, problems: findings.problems, truncated: findings.truncated };
}

/**
 * Reads every row. The reader checks pages, checksums and ids; this function checks counts and
 * padding.
 */
async function checkShard(
  { dir, manifest }: Dataset,
  entry: ShardEntry,
): Promise<{ rows: number; tokens: number }> {
  const shard = await openListed(dir, manifest, entry);
  const { bosId, padId } = specialIds(manifest.vocabSize);
  const counted = { rows: 0, tokens: 0, padding: 0, documents: 0 };
  try {
    for await (const { ids } of shard.rows()) {
      const { first: documents, second: padding } = surveyValues(ids, bosId, padId);
      counted.rows++;
      counted.tokens += ids.length - padding;
      counted.padding += padding;
      counted.documents += documents;
      if (padding > 0) checkPadding(ids, padId, padding, counted.rows, entry);
    }
  } finally {
    await shard.close();
  }
  for (const key of Object.keys(counted) as (keyof typeof counted)[]) {
    if (counted[key] === entry[key]) continue;
    const message = `${counted[key]} ${key}; the manifest says ${entry[key]}`;
    throw new CodecLmError('DATASET_INVALID', message);
  }
  return counted;
}

/** Checks that padding fills up the last row of the tails and occurs nowhere else. */
function checkPadding(
  ids: Uint16Array,
  padId: number,
  padding: number,
  rowsSoFar: number,
  { partition, rows }: ShardEntry,
): void {
  const first = ids.indexOf(padId);
  const isAtEnd = partition === null && rowsSoFar === rows && first === ids.length - padding;
  if (isAtEnd) return;
  const message = `row ${rowsSoFar - 1}: <pad> at token ${first} is not behind the last document`;
  throw new CodecLmError('DATASET_INVALID', message);
}

function checkTotals({ shards, documents, totals }: Manifest, findings: Findings): void {
  const sum = (key: 'rows' | 'tokens' | 'padding' | 'documents' | 'bytes') =>
    shards.reduce((total, shard) => total + shard[key], 0);
  const listed = documents.reduce((total, file) => total + file.rows, 0);
  const byCode = Object.values(totals.failuresByCode).reduce((total, n) => total + n, 0);
  const filtered = Object.values(totals.filteredByReason ?? {}).reduce((total, n) => total + n, 0);
  const compared: [string, number, number][] = [
    ['totals.rows', totals.rows, sum('rows')],
    ['totals.tokens', totals.tokens, sum('tokens')],
    ['totals.padding', totals.padding, sum('padding')],
    ['totals.shardBytes', totals.shardBytes, sum('bytes')],
    ['totals.documents', totals.documents, sum('documents')],
    ['totals.documents', totals.documents, listed],
    ['totals.inputs', totals.inputs, totals.documents + totals.failures + filtered],
    ['totals.failures', totals.failures, byCode],
  ];
  for (const [name, stated, found] of compared) {
    if (stated !== found) findings.add('dataset.json', `${name} is ${stated}; found ${found}`);
  }
}

/** Finds shards that are not listed: other tools that read the folder would train on them. */
async function checkUnlisted(dir: string, manifest: Manifest, findings: Findings): Promise<void> {
  for (const folder of ['shards', 'documents']) {
    const path = join(dir, folder);
    const names = await storageAt(path).names(path);
    const listed = new Set([...manifest.shards, ...manifest.documents].map(({ file }) => file));
    for (const name of names.sort()) {
      const file = `${folder}/${name}`;
      if (name.endsWith('.parquet') && !listed.has(file)) {
        findings.add(file, 'the manifest does not list it');
      }
    }
  }
}
