/**
 * Adds inputs to a complete dataset: they are listed, frozen and encoded like those of a plan, by the
 * same recipe, into further shards. Nothing that is there is changed but dataset.json and the card,
 * which are written last; a kill before that leaves the dataset as it was, and the same command goes on.
 */
import { CodecLmError } from '../../base/error.ts';
import { formatLong } from '../../base/format.ts';
import { joinPlace, storageAt } from '../../base/storage/index.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Plan } from '../../schemas/plan.ts';
import { readManifest } from '../../shards/index.ts';
import { openRecorded } from '../../tokenizer/index.ts';
import { videosOf } from '../clips/config.ts';
import { inputEncoderOf } from '../clips/inputs.ts';
import { readDatasetTokenizer } from '../encode/sample.ts';
import { doneEvent } from '../events.ts';
import { WORK_FOLDERS } from '../files.ts';
import { headerOf } from '../finish/finalize.ts';
import { runRound } from '../finish/retry.ts';
import {
  allSources,
  extensionsUpTo,
  partitionsOfExtension,
  readRound,
  roundsOf,
} from '../finish/rounds.ts';
import { lockDataset } from '../lock.ts';
import { checkSameConfig } from '../output.ts';
import { readPlan } from '../plan/plan.ts';
import { workOf } from '../request.ts';
import { resolveSources } from '../sources/list-inputs.ts';
import { baseOf } from '../sources/source.ts';
import { VanishedCorpus } from '../status/failures.ts';
import { completeExtension } from './complete.ts';
import { curateExtension, freezeExtension } from './freeze.ts';
import type { Extending, ExtendRequest } from './request.ts';

/**
 * @returns the manifest with the new documents; the old one when nothing in the sources is new
 * @throws CodecLmError `DATASET_INCOMPLETE` for a dataset, or a round in it, that is not finished;
 *   `DATASET_MISMATCH` for another encoder; `INPUT_EMPTY`, `TOO_MANY_FAILURES`, `INTERRUPTED` …
 */
export async function extendDataset(asked: ExtendRequest): Promise<Manifest> {
  const { out, emit, signal } = asked;
  const plan = await readComplete(out);
  const sources = await resolveSources(asked.sources);
  const settings = { ...plan.config.codec.settings, ...plan.learned };
  const codec = await openRecorded({ ...plan.config.codec, settings }, out, 'DATASET_INVALID');
  const { encoder, lanes } = await workOf(codec, asked.workers);
  const versions = { ...encoder.versions };
  checkSameConfig(
    out,
    plan.config,
    { ...plan.config, codec: { ...plan.config.codec, versions } },
    asked.allowEncoderChange,
  );
  const lock = await lockDataset(
    out,
    { rank: 0, size: 1 },
    { signal, onWait: (wait) => emit({ type: 'lock-wait', ...wait }) },
  );
  try {
    // Another process may have added something before the lock was taken.
    const manifest = await readManifest(out);
    const tokenizer = (await readDatasetTokenizer(out))!;
    const finished = roundsOf(manifest);
    const before = await extensionsUpTo(out, finished);
    const stop = AbortSignal.any([signal, lock.signal]);
    const state = { plan, manifest, tokenizer, codec, encoder, lanes, before };
    const request = { ...asked, ...state, sources, round: finished + 1, lock, signal: stop };
    return await extendLocked(request);
  } catch (error) {
    throw signal.aborted ? interrupted(out, error) : error;
  } finally {
    await lock.release();
  }
}

async function extendLocked(request: Extending): Promise<Manifest> {
  const { out, sources, plan, manifest, before, emit, codec, encoder, tokenizer } = request;
  const begun = await readRound(out, request.round);
  checkSame(out, sources, begun);
  const frozen = begun?.kind === 'extension' ? begun.round : await freezeExtension(request);
  if (!frozen) {
    emit(doneEvent(out, manifest, { isNew: false }));
    return manifest;
  }
  emit({
    type: 'plan',
    isNew: !begun,
    inputs: frozen.inputs,
    videos: videosOf(frozen.inputs, plan.config),
    partitions: frozen.partitions.length,
    valFraction: plan.config.valFraction,
    listing: frozen.listing,
    ...(frozen.columns ? { columns: frozen.columns } : {}),
  });
  const extension = await curateExtension(request, frozen);
  for (const folder of WORK_FOLDERS) await storageAt(out).makeFolder(joinPlace(out, folder));
  const bases = allSources(plan, [...before, extension]).map(baseOf);
  const { valFraction } = plan.config;
  const inputs = inputEncoderOf(encoder, bases, codec.definition, plan.config);
  const versions = { ...encoder.versions };
  const header = headerOf(plan, tokenizer, { ...plan.config.codec, versions });
  const context = { inputs, bases, valFraction, tokenizer };
  const vanished = new VanishedCorpus();
  const partitions = partitionsOfExtension(extension);
  try {
    await runRound({ ...request, context, header, vanished }, plan, partitions);
  } finally {
    await inputs.close?.();
  }
  const extended = await completeExtension(request, extension, header);
  emit(doneEvent(out, extended, { isNew: true }));
  return extended;
}

/** @throws CodecLmError `DATASET_INCOMPLETE` */
async function readComplete(out: string): Promise<Plan> {
  // Says what else may be there.
  await readManifest(out);
  const plan = await readPlan(out);
  if (plan && (await readDatasetTokenizer(out))) return plan;
  throw new CodecLmError('DATASET_INCOMPLETE', `${out} has no plan.json and tokenizer.json`, {
    path: out,
    hint: 'a dataset is extended by the recipe in its plan.json: copy it with the dataset',
  });
}

/** @throws CodecLmError `DATASET_INCOMPLETE` when something else was begun */
function checkSame(
  out: string,
  sources: readonly string[],
  begun: Awaited<ReturnType<typeof readRound>>,
): void {
  if (begun?.kind === 'retry') {
    throw new CodecLmError('DATASET_INCOMPLETE', `${out}: --retry-failed is not finished`, {
      path: out,
      hint: 'run the same `pipeline run … --retry-failed` command again, then extend',
    });
  }
  if (begun && begun.round.sources.join('\n') !== sources.join('\n')) {
    const there = formatLong(begun.round.sources.join(' '));
    throw new CodecLmError(
      'DATASET_INCOMPLETE',
      `${out}: an extension with other sources is not finished: ${there}`,
      { path: out, hint: 'finish it with the same sources first' },
    );
  }
}

function interrupted(out: string, cause: unknown): CodecLmError {
  return new CodecLmError('INTERRUPTED', 'stopped; finished partitions are kept', {
    cause,
    path: out,
    hint: 'run the same command again to continue',
  });
}
