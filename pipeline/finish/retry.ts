/**
 * A round of retries: failed inputs are run again, in their own partitions, into further shards.
 * Existing shards are not changed. A round is frozen on the disk like a plan, so a retry that was
 * stopped can continue too.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Extension, Plan, RetryRound } from '../../schemas/plan.ts';
import { type EngineRequest, encodePartitions } from '../encode/engine.ts';
import { batchEvents, partitionEvent } from '../encode/events.ts';
import type { PipelineEvent } from '../events.ts';
import { paths, readText, removeLeftovers, writeJson, writeText } from '../files.ts';
import { extrasOf } from '../pack/extras.ts';
import { inputsOf, nameOf, type Partition } from '../plan/plan.ts';
import { addCodes, readFailures, type VanishedCorpus } from '../status/failures.ts';
import { doneNames } from '../status/status.ts';
import { finishRound, headerOf, publish, totalsOf } from './finalize.ts';
import {
  extensionsUpTo,
  finishedRetries,
  partitionsBefore,
  partitionsOfRound,
  readRound,
  roundsOf,
} from './rounds.ts';

export type RetryRequest = Pick<EngineRequest, 'out' | 'context' | 'lanes' | 'lock' | 'signal'> & {
  emit: (event: PipelineEvent) => void;
  header?: EngineRequest['header'];
  /** Stops when nothing can be read any more; failed inputs may all fail again. */
  vanished?: VanishedCorpus;
};

/** @returns the manifest with the documents that succeeded this time */
export async function retryFailed(
  request: RetryRequest,
  plan: Plan,
  manifest: Manifest,
): Promise<Manifest> {
  const { out, lock } = request;
  const finished = roundsOf(manifest);
  const begun = await readRound(out, finished + 1);
  if (begun?.kind === 'extension') throw unfinishedExtension(out, begun.round.sources);
  const round = begun?.round ?? (await freezeRound(out, plan, finished, lock));
  if (!round) return manifest;
  await runRound(request, plan, round.partitions);
  return completeRound(request, plan, manifest, round);
}

/** @returns undefined when nothing is left that failed */
async function freezeRound(
  out: string,
  plan: Plan,
  finished: number,
  lock: EngineRequest['lock'],
): Promise<RetryRound | undefined> {
  const failed: number[] = [];
  let { kind, partitions, next } = await partitionsOfRound(out, plan, finished);
  const tailIndex = next;
  // A round of retries has the failures of all before it.
  for (let number = finished; ; number--) {
    ({ kind, partitions } = await partitionsOfRound(out, plan, number));
    for (const { name } of partitions) {
      for (const { input } of await readFailures(out, name)) failed.push(input);
    }
    if (kind !== 'extension') break;
  }
  if (failed.length === 0) return undefined;
  const round: RetryRound = { round: finished + 1, partitions: [], tailIndex };
  const firstNumber = await partitionsBefore(out, plan, round.round);
  const { partitionSize } = plan.config;
  const extensions = await extensionsUpTo(out, finished);
  await lock.check();
  failed.sort((a, b) => a - b);
  for (let start = 0; start < failed.length; start += partitionSize) {
    const ids = failed.slice(start, start + partitionSize);
    const index = round.tailIndex++;
    const name = nameOf('train', index);
    await writeText(paths.list(out, name), await linesOf(out, plan, extensions, ids));
    const number = firstNumber + round.partitions.length;
    round.partitions.push({ number, index, name, count: ids.length });
  }
  await writeJson(paths.retry(out, round.round), round);
  return round;
}

/**
 * The lines of inputs in the plan's lists; only the lists that contain one of them are read.
 * @param ids ascending
 */
async function linesOf(
  out: string,
  plan: Plan,
  extensions: readonly Extension[],
  ids: readonly number[],
): Promise<string> {
  let text = '';
  for (let i = 0; i < ids.length; ) {
    const { name, first, end } = listOf(ids[i], plan, extensions);
    const path = paths.list(out, name);
    const lines = (await readText(path))?.split('\n') ?? [];
    for (; i < ids.length && ids[i] < end; i++) {
      const line = lines[ids[i] - first];
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

/** The list that has an input: of the plan, or of an extension. */
function listOf(
  id: number,
  { inputs, config: { partitionSize: size } }: Plan,
  extensions: readonly Extension[],
): { name: string; first: number; end: number } {
  const added = extensions.find(({ firstInput, inputs: count }) => id < firstInput + count);
  if (id < inputs || !added) {
    const index = Math.floor(id / size);
    return { name: nameOf('train', index), first: index * size, end: (index + 1) * size };
  }
  const { firstInput, partitions } = added;
  const index = Math.floor((id - firstInput) / size);
  const first = firstInput + index * size;
  return { name: partitions[index].name, first, end: first + partitions[index].count };
}

function unfinishedExtension(out: string, sources: readonly string[]): CodecLmError {
  return new CodecLmError('DATASET_INCOMPLETE', `${out}: an extension is not finished`, {
    path: out,
    hint: `run \`pipeline extend ${out} ${sources.join(' ')}\` first, then retry`,
  });
}

/**
 * Runs the partitions of a round that are not done yet.
 * @param request.header what its shards say; default: that of the plan
 */
export async function runRound(
  request: RetryRequest,
  plan: Plan,
  partitions: readonly Partition[],
): Promise<void> {
  const { out, context, emit } = request;
  const done = await doneNames(out);
  const todo = partitions.filter(({ name }) => !done.has(name));
  const isOurs = new Set(todo.map(({ name }) => name));
  await removeLeftovers(out, (name) => isOurs.has(name));
  const inputs = inputsOf(partitions);
  emit({
    type: 'begin',
    work: { inputs, partitions: partitions.length },
    before: {
      inputs: inputs - inputsOf(todo),
      partitions: partitions.length - todo.length,
    },
  });
  await encodePartitions({
    ...request,
    partitions: todo,
    header: request.header ?? headerOf(plan, context.tokenizer),
    extras: extrasOf(plan),
    onBatch: (batch) => {
      for (const event of batchEvents(batch)) emit(event);
      request.vanished?.check(batch);
    },
    onPartition: (partition, stats) => emit(partitionEvent(partition.name, stats)),
  });
  request.signal.throwIfAborted();
}

async function completeRound(
  { out, context, lock }: RetryRequest,
  plan: Plan,
  manifest: Manifest,
  { partitions, tailIndex }: RetryRound,
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
  const {
    documents,
    documentBytes,
    inputs: _,
    unread: __,
    filteredByReason,
    ...totals
  } = totalsOf(plan, added.stats, shards);
  const merged: Manifest = {
    ...manifest,
    partitions: manifest.partitions + partitions.length,
    config: { ...manifest.config, retryRounds: finishedRetries(manifest.config) + 1 },
    shards,
    documents: [...manifest.documents, ...added.documents],
    // What could not be listed is as before; a clip that is not there may be found only now.
    totals: {
      ...manifest.totals,
      ...totals,
      ...(filteredByReason
        ? { filteredByReason: addCodes(manifest.totals.filteredByReason ?? {}, filteredByReason) }
        : {}),
      documents: manifest.totals.documents + documents,
      documentBytes: manifest.totals.documentBytes + documentBytes,
    },
  };
  await publish(out, merged, lock);
  return merged;
}
