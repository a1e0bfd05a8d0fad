/**
 * --retry-failed: the inputs that failed are run again, in partitions of their own, into
 * shards behind those that are there. Good shards are not touched. A round is frozen on the
 * disk like a plan, so a retry that was stopped goes on too.
 */
import type { Failure, Manifest } from '../schemas/dataset.ts';
import type { Plan, RetryRound } from '../schemas/plan.ts';
import { type EngineRequest, encodePartitions } from './engine.ts';
import { readFailures } from './failures.ts';
import { paths, readText, removeLeftovers, writeJson, writeText } from './files.ts';
import { finishRound, headerOf, publish, totalsOf } from './finalize.ts';
import { inputsOf, nameOf, partitionsOf } from './plan.ts';
import type { Report } from './report.ts';
import { partitionsOfRound, readRound, roundsOf } from './rounds.ts';
import { doneNames } from './status.ts';

export type RetryRequest = Pick<EngineRequest, 'out' | 'context' | 'lanes' | 'signal'> & {
  report: Report;
};

/** @returns the manifest with the documents that came out right this time */
export async function retryFailed(
  request: RetryRequest,
  plan: Plan,
  manifest: Manifest,
): Promise<Manifest> {
  const { out } = request;
  const finished = roundsOf(manifest);
  const round = (await readRound(out, finished + 1)) ?? (await freezeRound(out, plan, finished));
  if (!round) return manifest;
  await runRound(request, plan, round);
  return completeRound(request, plan, manifest, round);
}

/** @returns undefined when nothing is left that failed */
async function freezeRound(
  out: string,
  plan: Plan,
  finished: number,
): Promise<RetryRound | undefined> {
  const before = await partitionsOfRound(out, plan, finished);
  const failed: Failure[] = [];
  for (const { name } of before.partitions) failed.push(...(await readFailures(out, name)));
  if (failed.length === 0) return undefined;
  const ids = failed.map(({ input }) => input).sort((a, b) => a - b);
  const round: RetryRound = { round: finished + 1, partitions: [], tailIndex: before.next };
  await freezeLists(out, plan, round, ids);
  await writeJson(paths.retry(out, round.round), round);
  return round;
}

async function freezeLists(
  out: string,
  plan: Plan,
  round: RetryRound,
  ids: readonly number[],
): Promise<void> {
  const { partitionSize } = plan.config;
  for (let start = 0; start < ids.length; start += partitionSize) {
    const own = ids.slice(start, start + partitionSize);
    const index = round.tailIndex++;
    const name = nameOf('train', index);
    await writeText(paths.list(out, name), await linesOf(out, plan, own));
    const number = await nextNumber(out, plan, round);
    round.partitions.push({ number, index, name, count: own.length });
  }
}

/** Partitions are numbered on through all rounds. */
async function nextNumber(out: string, plan: Plan, round: RetryRound): Promise<number> {
  let number = round.partitions.length;
  for (let earlier = 0; earlier < round.round; earlier++) {
    number += (await partitionsOfRound(out, plan, earlier)).partitions.length;
  }
  return number;
}

/** The inputs as the plan's own lists name them. */
async function linesOf(out: string, plan: Plan, ids: readonly number[]): Promise<string> {
  const wanted = new Set(ids.map(String));
  let first = 0;
  let text = '';
  for (const { name, count } of partitionsOf(plan, plan.config.partitionSize)) {
    const isIn = ids.some((id) => id >= first && id < first + count);
    first += count;
    if (!isIn) continue;
    const lines = ((await readText(paths.list(out, name))) ?? '').split('\n');
    for (const line of lines) if (wanted.has(line.split('\t', 1)[0])) text += `${line}\n`;
  }
  return text;
}

async function runRound(request: RetryRequest, plan: Plan, round: RetryRound): Promise<void> {
  const { out, context, report } = request;
  const done = await doneNames(out);
  const todo = round.partitions.filter(({ name }) => !done.has(name));
  const isOurs = new Set(todo.map(({ name }) => name));
  await removeLeftovers(out, (name) => isOurs.has(name));
  const inputs = inputsOf(round.partitions);
  report.begin(
    { inputs, partitions: round.partitions.length },
    { inputs: inputs - inputsOf(todo), partitions: round.partitions.length - todo.length },
  );
  await encodePartitions({
    ...request,
    partitions: todo,
    header: headerOf(plan, context.bpe),
    onBatch: (batch) => report.batch(batch),
    onPartition: (partition, stats) => report.partition(partition.name, stats),
  });
  request.signal.throwIfAborted();
}

async function completeRound(
  { out, context }: RetryRequest,
  plan: Plan,
  manifest: Manifest,
  { round, partitions, tailIndex }: RetryRound,
): Promise<Manifest> {
  const { bpe } = context;
  const added = await finishRound(out, { partitions, tailIndex }, headerOf(plan, bpe), bpe.padId);
  const shards = [...manifest.shards, ...added.shards];
  const totals = totalsOf(plan.inputs, added.stats, shards);
  const merged: Manifest = {
    ...manifest,
    partitions: manifest.partitions + partitions.length,
    config: { ...manifest.config, retryRounds: round },
    shards,
    documents: [...manifest.documents, ...added.documents],
    totals: {
      ...totals,
      documents: manifest.totals.documents + totals.documents,
      documentBytes: manifest.totals.documentBytes + totals.documentBytes,
    },
  };
  await publish(out, merged);
  return merged;
}
