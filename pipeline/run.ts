/**
 * A run from the sources to a complete dataset. Everything finished is a file, so a run that was
 * stopped at any point continues when the same command runs again: plan.json, then tokenizer.json,
 * then the stats of each partition, then dataset.json.
 */

import { rmdir } from 'node:fs/promises';
import { CodecLmError } from '../base/error.ts';
import type { Lock } from '../base/lock/lock.ts';
import { isRemote, joinPlace, storageAt } from '../base/storage/index.ts';
import type { Manifest } from '../schemas/dataset.ts';
import type { Plan } from '../schemas/plan.ts';
import { readManifest } from '../shards/index.ts';
import type { Tokenizer } from '../tokenizer/index.ts';
import { videosOf } from './clips/config.ts';
import { inputEncoderOf } from './clips/inputs.ts';
import { curatePlan } from './curate/curate.ts';
import { SampleCache } from './encode/cache.ts';
import { learnMissing } from './encode/learn.ts';
import { learnTokenizer, readDatasetTokenizer, saveTokenizer } from './encode/sample.ts';
import { doneEvent } from './events.ts';
import { WORK_FOLDERS } from './files.ts';
import { finalizePlan } from './finish/finalize.ts';
import { retryFailed } from './finish/retry.ts';
import { allSources, extensionsUpTo, roundsOf } from './finish/rounds.ts';
import { lockDataset } from './lock.ts';
import { checkSameConfig, inspectOutput, type OutputState } from './output.ts';
import type { ByteString } from './plan/byte-strings.ts';
import { makePlan } from './plan/make.ts';
import { partitionsOf } from './plan/plan.ts';
import { fillQueue } from './queue/fill.ts';
import { queueRanks } from './queue/ranks.ts';
import { workFromQueue } from './queue/work.ts';
import type { LockedRequest, RunRequest } from './run-request.ts';
import { runShare } from './share.ts';
import { baseOf } from './sources/source.ts';
import { checkFailureShare } from './status/failures.ts';

export type { RunRequest } from './run-request.ts';

/**
 * @returns the manifest, or undefined when other ranks or commands have not finished
 * @throws CodecLmError `DATASET_MISMATCH`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`, `DISK_FULL` …;
 *   `LOCK_LOST` when another process took the dataset over: nothing is committed after that
 */
export async function runRequest(request: RunRequest): Promise<Manifest | undefined> {
  const { out, ranks, emit, signal } = request;
  const before = await inspectState(request);
  if (before.complete && !request.retryFailed) return alreadyComplete(request);
  const existed = isRemote(out) || (await storageAt(out).find(out)) !== undefined;
  let lock: Lock | undefined;
  try {
    lock = await lockDataset(out, request.queue && !request.planOnly ? queueRanks() : ranks, {
      signal,
      onWait: (wait) => emit({ type: 'lock-wait', ...wait }),
    });
    // Another process may have planned or completed it before the lock was taken.
    const state = await inspectState(request);
    if (state.complete && !request.retryFailed) return await alreadyComplete(request);
    const stop = AbortSignal.any([signal, lock.signal]);
    return await planAndRun({ ...request, signal: stop, lock }, state);
  } catch (error) {
    throw signal.aborted ? interrupted(out, error) : error;
  } finally {
    await lock?.release();
    // Nothing was written: remove the empty folder if it did not exist before.
    if (!existed) await rmdir(out).catch(() => undefined);
  }
}

async function inspectState({ out, config, allowEncoderChange }: RunRequest): Promise<OutputState> {
  const state = await inspectOutput(out);
  if (state.plan) checkSameConfig(out, state.plan.config, config, allowEncoderChange);
  return state;
}

async function alreadyComplete({ out, maxFailures, emit }: RunRequest): Promise<Manifest> {
  const manifest = await readManifest(out);
  emit(doneEvent(out, manifest, { isNew: false }));
  const { failuresByCode, inputs } = manifest.totals;
  checkFailureShare(failuresByCode, inputs, maxFailures, out);
  return manifest;
}

async function planAndRun(
  asked: LockedRequest,
  { plan: frozen, complete }: OutputState,
): Promise<Manifest | undefined> {
  const { out, config, ranks, emit } = asked;
  const isOneOfMany = ranks.size > 1 || isQueueWorker(asked);
  if (!frozen && isOneOfMany) throw planFirst(out);
  const onFound = (found: number) => emit({ type: 'listing', found });
  const onFrozen = (done: number, total: number) => emit({ type: 'freezing', done, total });
  const listed = frozen ?? (await makePlan({ ...asked, onFound, onFrozen }));
  emit({
    type: 'plan',
    isNew: !frozen,
    inputs: listed.inputs,
    partitions: partitionsOf(listed, config.partitionSize).length,
    valFraction: listed.config.valFraction,
    listing: listed.listing,
    videos: videosOf(listed.inputs, config),
    ...(listed.columns ? { columns: listed.columns } : {}),
  });
  const added = complete ? await extensionsUpTo(out, roundsOf(await readManifest(out))) : [];
  const bases = allSources(listed, added).map(baseOf);
  const { plan, request } = await withLearned(asked, await withCurated(asked, listed, bases));
  await makeWorkFolders(out);
  const { definition } = request.codec;
  const inputs = new SampleCache(inputEncoderOf(request.encoder, bases, definition, plan.config));
  try {
    return await runPlanned(request, plan, { inputs, bases, complete });
  } finally {
    await inputs.close();
  }
}

/** Everything that is there when nothing but work on the inputs is left. */
interface Prepared {
  inputs: SampleCache;
  bases: readonly ByteString[];
  complete: boolean;
}

async function runPlanned(
  request: LockedRequest,
  plan: Plan,
  { inputs, bases, complete }: Prepared,
): Promise<Manifest | undefined> {
  const { out, config, ranks, emit, lock, signal } = request;
  const tokenizer = await ensureTokenizer(request, plan, inputs);
  const context = { inputs, bases, valFraction: config.valFraction, tokenizer };
  const partitions = partitionsOf(plan, config.partitionSize);
  if (request.planOnly) {
    if (request.queue) await fillQueue(request.queue, out, partitions);
    emit({ type: 'planned', out });
    return undefined;
  }
  if (request.queue)
    return workFromQueue({ ...request, queue: request.queue, partitions, context, plan });
  if (!complete) await runShare(request, partitions, context, plan);
  signal.throwIfAborted();
  if (ranks.size > 1) {
    emit({ type: 'rank-done', ...ranks, out });
    return undefined;
  }
  // Failures may still be fixed by the retry below, so their share is checked at the end.
  const allowed = request.retryFailed ? 1 : request.maxFailures;
  const manifest = complete
    ? await readManifest(out)
    : await finalizePlan(out, plan, tokenizer, allowed, lock);
  // Completing the dataset has removed these folders.
  if (request.retryFailed) await makeWorkFolders(out);
  const final = request.retryFailed
    ? await retryFailed({ ...request, context }, plan, manifest)
    : manifest;
  emit(doneEvent(out, final, { isNew: true }));
  checkFailureShare(final.totals.failuresByCode, plan.inputs, request.maxFailures, out);
  return final;
}

async function makeWorkFolders(out: string): Promise<void> {
  for (const folder of WORK_FOLDERS) await storageAt(out).makeFolder(joinPlace(out, folder));
}

/** Decides which inputs are left out, before anything is learned from them. */
async function withCurated(
  request: LockedRequest,
  plan: Plan,
  bases: readonly ByteString[],
): Promise<Plan> {
  if (!plan.config.curation || plan.curated) return plan;
  if (request.ranks.size > 1 || isQueueWorker(request)) throw planFirst(request.out);
  return curatePlan(plan, { ...request, bases, definition: request.codec.definition });
}

/** Completes a codec that lacks settings: from the plan, or by learning them now. */
async function withLearned(
  request: LockedRequest,
  listed: Plan,
): Promise<{ plan: Plan; request: LockedRequest }> {
  const { learning } = request.codec;
  if (!learning) return { plan: listed, request };
  if (!listed.learned && (request.ranks.size > 1 || isQueueWorker(request)))
    throw planFirst(request.out);
  const plan = listed.learned ? listed : await learnMissing(learning, listed, request);
  return { plan, request: { ...request, ...(await request.reopen(plan.learned!)) } };
}

async function ensureTokenizer(
  request: LockedRequest,
  plan: Plan,
  cache: SampleCache,
): Promise<Tokenizer> {
  const { out, ranks, emit, lanes, signal } = request;
  const existing = await readDatasetTokenizer(out);
  if (!existing && (ranks.size > 1 || isQueueWorker(request))) throw planFirst(out);
  let tokenizer = existing ?? request.tokenizer;
  if (!tokenizer) {
    tokenizer = await learnTokenizer(out, plan, cache, lanes, emit, signal);
  }
  if (!existing) await saveTokenizer(out, tokenizer, plan.config.seqLen, request.lock);
  emit({
    type: 'tokenizer',
    vocabSize: tokenizer.vocabSize,
    merges: tokenizer.merges.length,
    hash: tokenizer.hash,
    isNew: !existing,
  });
  return tokenizer;
}

/** Workers of a queue share a dataset that one process has planned, as ranks do. */
function isQueueWorker({ queue, planOnly }: RunRequest): boolean {
  return queue !== undefined && !planOnly;
}

function planFirst(out: string): CodecLmError {
  return new CodecLmError('DATASET_INCOMPLETE', `${out} is not planned yet`, {
    path: out,
    hint: 'before several ranks run, one process runs pipeline plan with the same options',
  });
}

function interrupted(out: string, cause: unknown): CodecLmError {
  return new CodecLmError('INTERRUPTED', 'stopped; finished partitions are kept', {
    cause,
    path: out,
    hint: 'run the same command again to continue',
  });
}
