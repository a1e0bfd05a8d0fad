/**
 * A round of retries: failed inputs are run again, in their own partitions, into further shards.
 * Existing shards are not changed. A round is frozen on the disk like a plan, so a retry that was
 * stopped can continue too.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Plan, RetryRound } from '../../schemas/plan.ts';
import { type EngineRequest, encodePartitions } from '../encode/engine.ts';
import { batchEvents, partitionEvent } from '../encode/events.ts';
import type { PipelineEvent } from '../events.ts';
import { paths, readText, removeLeftovers, writeJson, writeText } from '../files.ts';
import { extrasOf } from '../pack/extras.ts';
import { inputsOf, nameOf } from '../plan/plan.ts';
import { readFailures } from '../status/failures.ts';
import { doneNames } from '../status/status.ts';
import { finishRound, headerOf, publish, totalsOf } from './finalize.ts';
import { partitionsOfRound, readRound, roundsOf } from './rounds.ts';

export type RetryRequest = Pick<EngineRequest, 'out' | 'context' | 'lanes' | 'lock' | 'signal'> & {
  emit: (event: PipelineEvent) => void;
};

/** @returns the manifest with the documents that succeeded this time */
export async function retryFailed(
  request: RetryRequest,
  plan: Plan,
  manifest: Manifest,
): Promise<Manifest> {
  const { out, lock } = request;
  const finished = roundsOf(manifest);
  const round =
    (await readRound(out, finished + 1)) ?? (await freezeRound(out, plan, finished, lock));
  if (!round) return manifest;
  await runRound(request, plan, round);
  return completeRound(request, plan, manifest, round);
}

/** @returns undefined when nothing is left that failed */
async function freezeRound(
  out: string,
  plan: Plan,
  finished: number,
  lock: EngineRequest['lock'],
): Promise<RetryRound | undefined> {
  const before = await partitionsOfRound(out, plan, finished);
  const failed: number[] = [];
  for (const { name } of before.partitions) {
    for (const { input } of await readFailures(out, name)) failed.push(input);
  }
  if (failed.length === 0) return undefined;
  const round: RetryRound = { round: finished + 1, partitions: [], tailIndex: before.next };
  const firstNumber = await partitionsBefore(out, plan, round.round);
  const { partitionSize } = plan.config;
  await lock.check();
  failed.sort((a, b) => a - b);
  for (let start = 0; start < failed.length; start += partitionSize) {
    const ids = failed.slice(start, start + partitionSize);
    const index = round.tailIndex++;
    const name = nameOf('train', index);
    await writeText(paths.list(out, name), await linesOf(out, plan, ids));
    const number = firstNumber + round.partitions.length;
    round.partitions.push({ number, index, name, count: ids.length });
  }
  await writeJson(paths.retry(out, round.round), round);
  return round;
}

/** Number of partitions before a round: numbering continues through all rounds. */
async function partitionsBefore(out: string, plan: Plan, round: number): Promise<number> {
  let count = 0;
  for (let earlier = 0; earlier < round; earlier++) {
    count += (await partitionsOfRound(out, plan, earlier)).partitions.length;
  }
  return count;
}

/**
 * The lines of inputs in the plan's lists; only the lists that contain one of them are read.
 * @param ids ascending
 */
async function linesOf(out: string, plan: Plan, ids: readonly number[]): Promise<string> {
  const size = plan.config.partitionSize;
  let text = '';
  for (let i = 0; i < ids.length; ) {
    const index = Math.floor(ids[i] / size);
    const path = paths.list(out, nameOf('train', index));
    const lines = (await readText(path))?.split('\n') ?? [];
    for (; i < ids.length && ids[i] < (index + 1) * size; i++) {
      const line = lines[ids[i] - index * size];
      if (!line?.startsWith(`${ids[i]}\t`)) {
        throw new CodecLmError('DATASET_INVALID', `${path} does not hold input ${ids[i]}`, {
          path,
        });
      }
      text += `${line}\n`;
    }
  }
  return text;
}

async function runRound(request: RetryRequest, plan: Plan, round: RetryRound): Promise<void> {
  const { out, context, emit } = request;
  const done = await doneNames(out);
  const todo = round.partitions.filter(({ name }) => !done.has(name));
  const isOurs = new Set(todo.map(({ name }) => name));
  await removeLeftovers(out, (name) => isOurs.has(name));
  const inputs = inputsOf(round.partitions);
  emit({
    type: 'begin',
    work: { inputs, partitions: round.partitions.length },
    before: {
      inputs: inputs - inputsOf(todo),
      partitions: round.partitions.length - todo.length,
    },
  });
  await encodePartitions({
    ...request,
    partitions: todo,
    header: headerOf(plan, context.tokenizer),
    extras: extrasOf(plan),
    onBatch: (batch) => {
      for (const event of batchEvents(batch)) emit(event);
    },
    onPartition: (partition, stats) => emit(partitionEvent(partition.name, stats)),
  });
  request.signal.throwIfAborted();
}

async function completeRound(
  { out, context, lock }: RetryRequest,
  plan: Plan,
  manifest: Manifest,
  { round, partitions, tailIndex }: RetryRound,
): Promise<Manifest> {
  const { tokenizer } = context;
  const added = await finishRound(
    out,
    { partitions, tailIndex, extras: extrasOf(plan) },
    headerOf(plan, tokenizer),
    tokenizer.padId,
    lock,
  );
  const shards = [...manifest.shards, ...added.shards];
  const totals = { ...manifest.totals, ...totalsOf(plan, added.stats, shards) };
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
  await publish(out, merged, lock);
  return merged;
}
