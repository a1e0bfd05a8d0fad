/** How far a dataset is, from its directory alone: also while it is written elsewhere. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type PartitionStats, partitionStatsSchema } from '../schemas/dataset.ts';
import { CodecLmError } from '../schemas/error.ts';
import { MANIFEST_FILE } from '../shards/manifest.ts';
import { addCodes } from './failures.ts';
import { namesIn, paths, readJson } from './files.ts';
import { livingHolders } from './lock.ts';
import { partitionsOf, readPlan } from './plan.ts';

/** Partitions that were finished last tell how fast it goes now. */
const RATE_WINDOW = 50;

/** Far below the limit of open files of a process. */
const FILES_AT_ONCE = 64;

export interface Status {
  state: 'complete' | 'running' | 'stopped';
  tokenizer: boolean;
  partitions: { total: number; done: number };
  inputs: { total: number; done: number };
  documents: number;
  tokens: number;
  failures: number;
  failuresByCode: Record<string, number>;
  /** Processes that hold a lock and live, as far as can be seen from here. */
  processes: { host: string; pid: number; rank: number; size: number }[];
  /** Inputs a second of all processes together, and seconds left; null when nothing runs. */
  inputsPerSecond: number | null;
  etaSeconds: number | null;
}

/** Names of the partitions that are done: those with stats. */
export async function doneNames(out: string): Promise<Set<string>> {
  const names = await namesIn(join(out, 'stats'));
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

/** The same of many partitions, in their order. */
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

/** @throws CodecLmError `INPUT_NOT_FOUND` when no dataset is there */
export async function readStatus(out: string): Promise<Status> {
  const plan = await readPlan(out);
  if (!plan) {
    throw new CodecLmError('INPUT_NOT_FOUND', `${out} holds no dataset: it has no plan.json`, {
      path: out,
      hint: 'name the folder given as --out to pipeline run',
    });
  }
  const names = await namesIn(out);
  const planned = partitionsOf(plan, plan.config.partitionSize);
  const doneSet = await doneNames(out);
  const done = planned.filter(({ name }) => doneSet.has(name));
  const all = await readAllStats(out, done);
  const sum = (of: (stats: PartitionStats) => number) => all.reduce((t, s) => t + of(s), 0);
  const inputs = { total: plan.inputs, done: sum((stats) => stats.inputs) };
  const complete = names.includes(MANIFEST_FILE);
  const processes = complete ? [] : await livingHolders(out);
  const inputsPerSecond = processes.length > 0 ? await recentRate(out, done) : null;
  return {
    state: complete ? 'complete' : processes.length > 0 ? 'running' : 'stopped',
    tokenizer: names.includes('tokenizer.json'),
    partitions: { total: planned.length, done: done.length },
    inputs,
    documents: sum((stats) => stats.documents),
    tokens: sum((stats) => stats.tokens),
    failures: sum((stats) => stats.failures),
    failuresByCode: all.reduce<Record<string, number>>(
      (total, { failuresByCode }) => addCodes(total, failuresByCode),
      {},
    ),
    processes,
    inputsPerSecond,
    etaSeconds: inputsPerSecond ? (inputs.total - inputs.done) / inputsPerSecond : null,
  };
}

/** From the times at which the last partitions were finished, whoever did them. */
async function recentRate(
  out: string,
  done: readonly { name: string; count: number }[],
): Promise<number | null> {
  const finished = await Promise.all(
    done.map(async ({ name, count }) => {
      const { mtimeMs } = await stat(paths.stats(out, name));
      return { at: mtimeMs, count };
    }),
  );
  const [first, ...last] = finished.sort((a, b) => a.at - b.at).slice(-RATE_WINDOW - 1);
  if (last.length === 0) return null;
  const inputs = last.reduce((sum, { count }) => sum + count, 0);
  return inputs / Math.max(0.001, (Date.now() - first.at) / 1000);
}
