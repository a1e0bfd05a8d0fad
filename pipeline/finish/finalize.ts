/**
 * Completes a dataset: packs the tails of all partitions into a last shard, then writes the
 * manifest.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { ahead } from '../../base/storage/ahead.ts';
import { storageAt } from '../../base/storage/index.ts';
import { VERSION } from '../../base/version.ts';
import {
  type CodecInfo,
  type DocumentFileEntry,
  FORMAT_VERSION,
  type Manifest,
  type PartitionStats,
  type ShardEntry,
  type Split,
} from '../../schemas/dataset.ts';
import type { Plan, SplitTail } from '../../schemas/plan.ts';
import {
  MANIFEST_FILE,
  readManifest,
  writeDocumentShard,
  writeManifest,
  writeSequenceShard,
} from '../../shards/index.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { readDatasetTokenizer } from '../encode/sample.ts';
import { paths, removeLeftovers } from '../files.ts';
import { lockDataset } from '../lock.ts';
import { documentHeader, type Extras, extrasOf } from '../pack/extras.ts';
import type { DatasetHeader } from '../pack/partition.ts';
import { documentsOf, packTails, readTail, rowsOf } from '../pack/tail.ts';
import { nameOf, type Partition, partitionsOf, readPlan } from '../plan/plan.ts';
import { addCodes, checkFailureShare } from '../status/failures.ts';
import { doneNames, readAllStats } from '../status/status.ts';
import { writeCard } from './card.ts';

/** Tails that are read ahead: each is a file of some kilobytes, perhaps far away. */
const TAILS_AHEAD = 16;

const CREATED_BY = `codec-lm ${VERSION}`;

/** Partitions that are finished together: those of the plan, or of one round of retries. */
export interface Round {
  partitions: readonly Partition[];
  /** Number in the names of the shards that hold the tails. */
  tailIndex: number;
  /** What documents/ has beside the places of documents. */
  extras: Extras;
}

/** @param codec the one that encodes, where it has other versions than the plan's */
export function headerOf(
  { config, learned }: Plan,
  tokenizer: Tokenizer,
  codec: CodecInfo = config.codec,
): DatasetHeader {
  return {
    formatVersion: FORMAT_VERSION,
    codec: { ...codec, settings: { ...codec.settings, ...learned } },
    tokenizerHash: tokenizer.hash,
    vocabSize: tokenizer.vocabSize,
    seqLen: config.seqLen,
  };
}

/** Entries that a round adds to a manifest. */
export interface RoundResult {
  shards: ShardEntry[];
  documents: DocumentFileEntry[];
  stats: PartitionStats[];
}

/**
 * Packs the tails of a round.
 * @throws CodecLmError `DATASET_INCOMPLETE` when a partition is not done
 */
export async function finishRound(
  out: string,
  { partitions, tailIndex, extras }: Round,
  header: DatasetHeader,
  padId: number,
  lock: Pick<Lock, 'check'>,
): Promise<RoundResult> {
  await checkAllDone(out, partitions);
  await lock.check();
  await removeLeftovers(out, () => true);
  const result: RoundResult = { shards: [], documents: [], stats: [] };
  const stats = await readAllStats(out, partitions);
  result.stats.push(...stats);
  for (const split of ['train', 'val'] as const) {
    result.shards.push(...stats.flatMap(({ shards }) => shards.filter((s) => s.split === split)));
    const names = partitions.map(({ name }) => name);
    let at = 0;
    for await (const tail of ahead(names, TAILS_AHEAD, (name) => readTail(out, name))) {
      const name = names[at++];
      if (tail.tokenizerHash !== header.tokenizerHash) throw tokenizerChanged(out, name);
      if (tail[split].documents) result.documents.push(tail[split].documents);
    }
    const name = nameOf(split, tailIndex);
    await lock.check();
    await writeTailShard(out, split, partitions, name, header, padId, extras, result);
  }
  return result;
}

/**
 * Writes the shard of the tails and its documents. It reads the tails once for the sequences and
 * once for the documents, each time preceded by a check for emptiness, so only one partition's tail
 * is in memory at a time.
 */
async function writeTailShard(
  out: string,
  split: Split,
  partitions: readonly Partition[],
  name: string,
  header: DatasetHeader,
  padId: number,
  extras: Extras,
  result: RoundResult,
): Promise<void> {
  if (!result.stats.some(({ tailTokens }) => tailTokens > 0)) return;
  const tails = () => tailsOf(out, partitions, split);
  const pack = () => packTails(tails(), header.seqLen, padId, `${name}.parquet`);
  if (await isEmpty(rowsOf(pack()))) return;
  const shardHeader = { ...header, split, partition: null };
  result.shards.push(await writeSequenceShard(paths.shard(out, name), rowsOf(pack()), shardHeader));
  if (await isEmpty(documentsOf(pack(), extras))) return;
  result.documents.push(
    await writeDocumentShard(
      paths.documents(out, name),
      documentsOf(pack(), extras),
      documentHeader(null, extras),
    ),
  );
}

async function* tailsOf(
  out: string,
  partitions: readonly Partition[],
  split: Split,
): AsyncGenerator<SplitTail> {
  const tails = ahead(partitions, TAILS_AHEAD, ({ name }) => readTail(out, name));
  for await (const tail of tails) yield tail[split];
}

async function isEmpty(items: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of items) return false;
  return true;
}

async function checkAllDone(out: string, partitions: readonly Partition[]): Promise<void> {
  const done = await doneNames(out);
  const left = partitions.filter(({ name }) => !done.has(name));
  if (left.length === 0) return;
  throw new CodecLmError(
    'DATASET_INCOMPLETE',
    `${left.length} of ${partitions.length} partitions are not done, ${left[0].name} the first`,
    { path: out, hint: 'run the same pipeline run command again, with the same ranks if any' },
  );
}

/**
 * Completes a plan: writes dataset.json, and removes files that are no longer needed.
 * @param allowed share of inputs that may have failed, 0..1
 * @throws CodecLmError `DATASET_INCOMPLETE`, `TOO_MANY_FAILURES`
 */
export async function finalizePlan(
  out: string,
  plan: Plan,
  tokenizer: Tokenizer,
  allowed: number,
  lock: Pick<Lock, 'check'>,
): Promise<Manifest> {
  const partitions = partitionsOf(plan, plan.config.partitionSize);
  const header = headerOf(plan, tokenizer);
  const round = { partitions, tailIndex: partitions.length, extras: extrasOf(plan) };
  const { shards, documents, stats } = await finishRound(out, round, header, tokenizer.padId, lock);
  const totals = totalsOf(plan, stats, shards);
  checkFailureShare(totals.failuresByCode, plan.inputs, allowed, out);
  const manifest: Manifest = {
    formatVersion: FORMAT_VERSION,
    createdBy: CREATED_BY,
    codec: header.codec,
    tokenizerHash: header.tokenizerHash,
    vocabSize: header.vocabSize,
    seqLen: header.seqLen,
    partitions: partitions.length,
    config: { ...plan.config, inputsHash: plan.inputsHash },
    shards,
    documents,
    ...(plan.columns ? { columns: plan.columns } : {}),
    totals,
  };
  await publish(out, manifest, lock);
  return manifest;
}

/** Writes the manifest and removes the tails: they are in the last shard now. */
export async function publish(
  out: string,
  manifest: Manifest,
  lock: Pick<Lock, 'check'>,
): Promise<void> {
  await lock.check();
  const card = await writeCard(out, manifest);
  await writeManifest(out, { ...manifest, card });
  await storageAt(out).removeAll(paths.tails(out));
}

/**
 * `pipeline finalize`: completes a dataset of several ranks; a single process does this by itself.
 * No rank may be writing meanwhile.
 * @throws CodecLmError `DATASET_INCOMPLETE`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`
 */
export async function finalizeDataset(out: string, allowed: number): Promise<Manifest> {
  const { plan, tokenizer } = await readPlanned(out);
  if (await isComplete(out)) return readManifest(out);
  await checkAllDone(out, partitionsOf(plan, plan.config.partitionSize));
  const lock = await lockDataset(out, { rank: 0, size: 1 });
  try {
    // Another process may have completed it before the lock was taken.
    if (await isComplete(out)) return await readManifest(out);
    return await finalizePlan(out, plan, tokenizer, allowed, lock);
  } finally {
    await lock.release();
  }
}

async function isComplete(out: string): Promise<boolean> {
  return (await storageAt(out).names(out)).includes(MANIFEST_FILE);
}

async function readPlanned(out: string): Promise<{ plan: Plan; tokenizer: Tokenizer }> {
  const plan = await readPlan(out);
  const tokenizer = plan && (await readDatasetTokenizer(out));
  if (!plan || !tokenizer) {
    throw new CodecLmError('DATASET_INCOMPLETE', `${out} holds no planned dataset`, {
      path: out,
      hint: 'first pipeline plan, then pipeline run by every rank',
    });
  }
  return { plan, tokenizer };
}

export function totalsOf(
  { inputs, listing: { unread } }: Pick<Plan, 'inputs' | 'listing'>,
  stats: readonly PartitionStats[],
  shards: readonly ShardEntry[],
): Manifest['totals'] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    inputs,
    documents: sum(stats.map(({ documents }) => documents)),
    failures: sum(stats.map(({ failures }) => failures)),
    failuresByCode: stats.reduce<Record<string, number>>(
      (total, { failuresByCode }) => addCodes(total, failuresByCode),
      {},
    ),
    ...(stats.some(({ filteredByReason }) => filteredByReason)
      ? {
          filteredByReason: stats.reduce<Record<string, number>>(
            (total, { filteredByReason = {} }) => addCodes(total, filteredByReason),
            {},
          ),
        }
      : {}),
    ...(unread ? { unread } : {}),
    documentBytes: sum(stats.map(({ documentBytes }) => documentBytes)),
    tokens: sum(shards.map(({ tokens }) => tokens)),
    padding: sum(shards.map(({ padding }) => padding)),
    rows: sum(shards.map(({ rows }) => rows)),
    shardBytes: sum(shards.map(({ bytes }) => bytes)),
  };
}

export function tokenizerChanged(out: string, name: string): CodecLmError {
  return new CodecLmError(
    'DATASET_MISMATCH',
    `${out}: ${name} was made with another tokenizer than the one in the folder`,
    { path: out, hint: 'put the first tokenizer.json back, or start again in another folder' },
  );
}
