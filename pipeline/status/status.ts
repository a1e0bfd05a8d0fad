/**
 * Reads the progress of a dataset from its directory alone, also while another process writes it.
 */

import { CodecLmError } from '../../base/error.ts';
import { joinPlace, storageAt } from '../../base/storage/index.ts';
import { type ClipsConfig, isClipReason } from '../../schemas/clips.ts';
import { type PartitionStats, partitionStatsSchema } from '../../schemas/dataset.ts';
import type { Plan } from '../../schemas/plan.ts';
import { MANIFEST_FILE, readManifest } from '../../shards/index.ts';
import { videosOf } from '../clips/config.ts';
import { paths, readJson } from '../files.ts';
import { partitionsOfRound, readRound, roundsOf } from '../finish/rounds.ts';
import { livingHolders } from '../lock.ts';
import { inputsOf, type Partition, readPlan } from '../plan/plan.ts';
import { addCodes } from './failures.ts';

/** The rate is computed from this many partitions that were finished last. */
const RATE_WINDOW = 50;

/** Far below the limit of open files per process. */
const FILES_AT_ONCE = 64;

export interface StatusProgress {
  total: number;
  done: number;
}

export interface Status {
  state: 'complete' | 'running' | 'stopped';
  tokenizer: boolean;
  /** Partitions of the plan and of finished extensions; those of --retry-failed are not included. */
  partitions: StatusProgress;
  inputs: StatusProgress;
  documents: number;
  tokens: number;
  /** Failures of the plan, or of the last finished round of --retry-failed. */
  failures: number;
  failuresByCode: Record<string, number>;
  /** How many clips a video gives, and the number of videos; null where each input is a file. */
  clips: (ClipsConfig & { videos: number }) | null;
  /**
   * Inputs that are left out, by reason: by curation, null before it has decided, and clips that videos
   * do not have, as far as they were read.
   */
  filteredByReason: Record<string, number> | null;
  /**
   * Number of places in the sources that could not be read completely: the plan lacks their inputs.
   */
  unread: number;
  /** The round of --retry-failed that has begun and is not finished. */
  retry: RoundProgress | null;
  /** The extension that has begun and is not finished. */
  extension: RoundProgress | null;
  /** Living processes that hold a lock, as far as can be seen from here. */
  processes: { host: string; pid: number; rank: number; size: number }[];
  /**
   * Inputs per second of all processes together, and remaining seconds; null when no process runs.
   */
  inputsPerSecond: number | null;
  etaSeconds: number | null;
}

export interface RoundProgress {
  round: number;
  inputs: StatusProgress;
  documents: number;
  failures: number;
}

/** Names of the finished partitions, which have stats. */
export async function doneNames(out: string): Promise<Set<string>> {
  const names = await storageAt(out).names(joinPlace(out, 'stats'));
  const done = names.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  return new Set(done.map((name) => name.slice(0, -'.json'.length)));
}

/** @throws CodecLmError `DATASET_INVALID` */
export async function readStats(out: string, name: string): Promise<PartitionStats> {
  const path = paths.stats(out, name);
  const stats = await readJson(path, partitionStatsSchema);
  if (stats) return stats;
  throw new CodecLmError('DATASET_INVALID', `${path} has vanished`, { path });
}

/** Reads the stats of many partitions, in their order. */
export async function readAllStats(
  out: string,
  partitions: readonly { name: string }[],
): Promise<PartitionStats[]> {
  const all: PartitionStats[] = [];
  for (let start = 0; start < partitions.length; start += FILES_AT_ONCE) {
    const some = partitions.slice(start, start + FILES_AT_ONCE);
    all.push(...(await Promise.all(some.map(({ name }) => readStats(out, name)))));
  }
  return all;
}

/** @throws CodecLmError `INPUT_NOT_FOUND` when there is no dataset */
export async function readStatus(out: string): Promise<Status> {
  const plan = await readPlan(out);
  if (!plan) {
    throw new CodecLmError('INPUT_NOT_FOUND', `${out} holds no dataset: it has no plan.json`, {
      path: out,
      hint: 'name the folder that pipeline run wrote, its `out`',
    });
  }
  const names = await storageAt(out).names(out);
  const isWhole = names.includes(MANIFEST_FILE);
  const manifest = isWhole ? await readManifest(out) : undefined;
  const finished = manifest ? roundsOf(manifest) : 0;
  const doneSet = await doneNames(out);
  const rounds: RoundStatus[] = [];
  // Extensions have inputs of their own; retries have those of the plan.
  const listed: RoundStatus[] = [];
  for (let round = 0; round <= finished; round++) {
    const { kind, partitions } = await partitionsOfRound(out, plan, round);
    const found = await statusOfRound(out, partitions, doneSet);
    rounds.push(found);
    if (kind !== 'retry') listed.push(found);
  }
  const begun = isWhole ? await readRound(out, finished + 1) : undefined;
  const unfinished = begun ? await statusOfRound(out, begun.round.partitions, doneSet) : null;
  const current = unfinished ?? rounds[0];
  const isComplete = isWhole && !unfinished;
  const processes = isComplete ? [] : await livingHolders(out);
  const inputsPerSecond = processes.length > 0 ? await recentRate(out, current.done) : null;
  const left = current.inputs.total - current.inputs.done;
  const all = unfinished ? [...rounds, unfinished] : rounds;
  const total = (of: (round: RoundStatus) => number) => all.reduce((sum, r) => sum + of(r), 0);
  const { failures, failuresByCode } = manifest?.totals ?? rounds[0];
  const progress = (of: 'partitions' | 'inputs'): StatusProgress => ({
    total: listed.reduce((sum, round) => sum + round[of].total, 0),
    done: listed.reduce((sum, round) => sum + round[of].done, 0),
  });
  const round = unfinished && {
    round: finished + 1,
    inputs: unfinished.inputs,
    documents: unfinished.documents,
    failures: unfinished.failures,
  };
  return {
    state: isComplete ? 'complete' : processes.length > 0 ? 'running' : 'stopped',
    tokenizer: names.includes('tokenizer.json'),
    partitions: progress('partitions'),
    inputs: progress('inputs'),
    documents: total(({ documents }) => documents),
    tokens: total(({ tokens }) => tokens),
    failures,
    failuresByCode,
    clips: plan.config.clips
      ? { ...plan.config.clips, videos: videosOf(progress('inputs').total, plan.config)! }
      : null,
    filteredByReason: manifest?.totals.filteredByReason ?? filteredSoFar(plan, rounds[0]),
    unread: manifest?.totals.unread ?? plan.listing.unread ?? 0,
    retry: begun?.kind === 'retry' ? round : null,
    extension: begun?.kind === 'extension' ? round : null,
    processes,
    inputsPerSecond,
    etaSeconds: inputsPerSecond ? left / inputsPerSecond : null,
  };
}

interface RoundStatus {
  done: readonly Partition[];
  partitions: StatusProgress;
  inputs: StatusProgress;
  documents: number;
  tokens: number;
  failures: number;
  failuresByCode: Record<string, number>;
  /** Clips that are not there. */
  missingClips: Record<string, number>;
}

/** What curation has left out, and the clips that are not there in the partitions that are done. */
function filteredSoFar(
  { curated, config }: Plan,
  { missingClips }: RoundStatus,
): Record<string, number> | null {
  if (!curated && !config.clips) return null;
  return addCodes(curated?.filteredByReason ?? {}, missingClips);
}

async function statusOfRound(
  out: string,
  partitions: readonly Partition[],
  doneSet: ReadonlySet<string>,
): Promise<RoundStatus> {
  const done = partitions.filter(({ name }) => doneSet.has(name));
  const all = await readAllStats(out, done);
  const sum = (of: (stats: PartitionStats) => number) => all.reduce((t, s) => t + of(s), 0);
  return {
    done,
    partitions: { total: partitions.length, done: done.length },
    inputs: { total: inputsOf(partitions), done: sum(({ inputs }) => inputs) },
    documents: sum(({ documents }) => documents),
    tokens: sum(({ tokens }) => tokens),
    failures: sum(({ failures }) => failures),
    failuresByCode: all.reduce<Record<string, number>>(
      (total, stats) => addCodes(total, stats.failuresByCode),
      {},
    ),
    missingClips: all.reduce<Record<string, number>>(
      (total, { filteredByReason = {} }) => addCodes(total, ofClips(filteredByReason)),
      {},
    ),
  };
}

/** Curation has counted its own for all partitions. */
function ofClips(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([reason]) => isClipReason(reason)));
}

/** Rate from the times at which the last partitions were finished, by any process. */
async function recentRate(
  out: string,
  done: readonly { name: string; count: number }[],
): Promise<number | null> {
  const finished = await Promise.all(
    done.map(async ({ name, count }) => {
      const found = await storageAt(out).find(paths.stats(out, name));
      return { at: found?.modified ?? 0, count };
    }),
  );
  const [first, ...last] = finished.sort((a, b) => a.at - b.at).slice(-RATE_WINDOW - 1);
  if (last.length === 0) return null;
  const inputs = last.reduce((sum, { count }) => sum + count, 0);
  return inputs / Math.max(0.001, (Date.now() - first.at) / 1000);
}
