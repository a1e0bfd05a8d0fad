/** The pipeline as functions with options. An absent option gets the default of its schema. */

import { z } from 'zod';
import { resolveOptions } from '../base/options.ts';
import { absolutePlace } from '../base/storage/index.ts';
import type { Manifest } from '../schemas/dataset.ts';
import { extendOptions, parseShare, sharedOptions } from '../schemas/pipeline.ts';
import type { CodecOptions } from '../tokenizer/index.ts';
import { codecNamed, DEFAULT_CODECS } from '../tokenizer/index.ts';
import { type DryRun, dryRun } from './dry-run.ts';
import { doneEvent } from './events.ts';
import { extendDataset } from './extend/extend.ts';
import { finalizeDataset as finalize } from './finish/finalize.ts';
import { runOptionsOf } from './options.ts';
import { type PlanOnly, requestOf, type Watching } from './request.ts';
import { type RunRequest, runRequest } from './run.ts';

/** Options of every codec's run; only `sources` and `out` are required. */
export interface CommonPipelineOptions extends Watching {
  /**
   * Folders (recursive), media files, webdataset .tar archives, `@list.txt`; local or `s3://…`.
   * May be empty where `list` names a table.
   */
  sources: string | readonly string[];
  /** Dataset directory to write, local or `s3://…`; an earlier run in it is continued. */
  out: string;
  /** Tokens per sequence; default: that of the codec. */
  seqLen?: number;
  /**
   * Merges to learn, for codecs of bytes; default: that of the codec. `vocabSize` is the same
   * number plus 256.
   */
  merges?: number;
  vocabSize?: number;
  /** Folder of a tokenizer to use instead of learning one. */
  tokenizer?: string;
  /** Number of documents to learn the tokenizer from; default 10,000. */
  bpeSamples?: number;
  /** Inputs per partition, which is committed as a whole; default 1,000. */
  partitionSize?: number;
  /** Seed of the shuffle of the inputs; default 0. */
  seed?: number;
  /** Share of the documents held out for validation, 0..1; default 0. */
  valFraction?: number;
  /** Fewest pixels of a picture's shorter side; others are left out. */
  minSide?: number;
  /** Highest ratio of a picture's longer side to the shorter one; others are left out. */
  maxAspect?: number;
  /** Fewest bytes of a file; others are left out. */
  minBytes?: number;
  /** Leaves out files with the same content as one before them in the plan. */
  dropDuplicates?: boolean;
  /** Leaves out pictures whose difference hash of 64 bits differs in at most so many from one before. */
  nearDuplicates?: number;
  /**
   * Most documents of one video, for codecs of videos; default: one, from its beginning. Clips that a
   * video is too short for are left out.
   */
  clipsPerVideo?: number;
  /** Seconds from the beginning of a clip to the next one; default: the length of a clip. */
  stride?: number;
  /** Lets no clip go over a cut, for which each video is decoded once more. */
  cuts?: boolean;
  /** Scene score of ffmpeg at which a cut lies; default 0.3. */
  cutThreshold?: number;
  /** Tables that name inputs: CSV, TSV, JSON lines or Parquet. */
  list?: string[];
  /** Column of the tables that names the file. */
  pathColumn?: string;
  /**
   * Columns to keep in documents/, `caption,label`: those of the tables, or members of archives beside
   * the picture (`txt`, `cls`, `json`, `json.FIELD`). `NAME=FROM` renames, `NAME:TYPE` sets the type.
   */
  columns?: string;
  /** CPU cores to keep busy; default: all. */
  workers?: number;
  /** Share of the inputs that may fail before the run counts as failed: 0.1, or `'10%'`, the default. */
  maxFailures?: number | string;
  /** Runs the failed inputs once more and writes them into further shards. */
  retryFailed?: boolean;
  /** Continues although the encoder has another version than at the beginning of the run. */
  allowEncoderChange?: boolean;
  /** Takes partitions from a queue, `redis://…`; `planPipeline` with the same option fills it. */
  queue?: string;
  /** Rank of this process, when no launcher sets it. */
  rank?: number;
  worldSize?: number;
}

/** `codec` is `'jpeg'` by default; each codec adds its own options to the common ones. */
export type PipelineOptions<Name extends string = 'jpeg'> = CommonPipelineOptions & {
  codec?: Name;
} & CodecOptions<Name>;

/** Options of the command line only. */
const PRINTED = ['json', 'quiet', 'dryRun'];

/**
 * Turns media files into a dataset, and continues an earlier run that was stopped. Equal inputs and
 * options give equal bytes, whatever the number of workers and ranks.
 * @returns the manifest, or undefined when other ranks have not finished
 * @throws CodecLmError `CONFIG_INVALID`, `USAGE` for invalid options; `INPUT_NOT_FOUND`,
 *   `INPUT_EMPTY`; `DATASET_MISMATCH`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`, `DISK_FULL`,
 *   `INTERRUPTED` …
 */
export async function runPipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<Manifest | undefined> {
  return runRequest(await requestFrom(options, 'runPipeline'));
}

/**
 * The first step of a run with several ranks; a single process does it: lists the inputs, freezes
 * the plan and learns the tokenizer. Throws as `runPipeline` does.
 */
export async function planPipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<void> {
  await runRequest(await requestFrom(options, 'planPipeline', { planOnly: true }));
}

/**
 * Describes the work of `runPipeline`, and estimates the size of its dataset. Throws as
 * `runPipeline` does.
 */
export async function estimatePipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<DryRun> {
  return dryRun(await requestFrom(options, 'estimatePipeline'));
}

/**
 * The last step of a run with several ranks; a single process does it: packs the tails and writes
 * dataset.json.
 * @throws CodecLmError `DATASET_INCOMPLETE`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`
 */
export async function finalizeDataset(
  out: string,
  { onEvent, ...given }: FinalizeOptions = {},
): Promise<Manifest> {
  const { maxFailures } = resolveOptions(finalizeSchema, given, 'finalizeDataset');
  const path = absolutePlace(out);
  const manifest = await finalize(path, parseShare(maxFailures));
  onEvent?.(doneEvent(path, manifest, { isNew: true }));
  return manifest;
}

export interface ExtendOptions extends Watching {
  /** A complete dataset, local or `s3://…`. */
  out: string;
  /** Like those of `CommonPipelineOptions`; inputs that are in the dataset already are passed over. */
  sources: string | readonly string[];
  /** Tables that name inputs; the dataset's recipe says which column names the file. */
  list?: string[];
  /** CPU cores to keep busy; default: all. */
  workers?: number;
  /** Share of the new inputs that may fail; default `'10%'`. */
  maxFailures?: number | string;
  /** Continues although the encoder has another version than that of the dataset. */
  allowEncoderChange?: boolean;
}

/**
 * Adds inputs to a complete dataset by its own recipe, into further shards; those that are there, and
 * the split of every document, stay as they are. An extension that was stopped is continued.
 * @returns the manifest with the new documents; the old one when nothing in the sources is new
 * @throws CodecLmError `DATASET_INCOMPLETE`, `DATASET_MISMATCH`, `INPUT_EMPTY`, `OUTPUT_IN_USE`,
 *   `TOO_MANY_FAILURES`, `INTERRUPTED` …
 */
export async function extendPipeline(options: ExtendOptions): Promise<Manifest> {
  const { sources, out, onEvent, signal = new AbortController().signal, ...given } = options;
  const resolved = resolveOptions(extendSchema, given, 'extendPipeline');
  const listed = typeof sources === 'string' ? [sources] : sources;
  return extendDataset({
    out: absolutePlace(out),
    sources: [...listed, ...resolved.list.map((table) => `@${table}`)],
    workers: resolved.workers,
    maxFailures: parseShare(resolved.maxFailures),
    allowEncoderChange: resolved.allowEncoderChange,
    emit: (event) => onEvent?.(event),
    signal,
  });
}

const extendSchema = extendOptions.omit({ json: true, quiet: true }).strict();

export interface FinalizeOptions extends Pick<Watching, 'onEvent'> {
  /** Like that of `CommonPipelineOptions`. */
  maxFailures?: number | string;
}

const finalizeSchema = z.strictObject({ maxFailures: sharedOptions.maxFailures });

async function requestFrom(
  options: CommonPipelineOptions & { codec?: string },
  name: string,
  { planOnly }: PlanOnly = {},
): Promise<RunRequest> {
  const { sources, onEvent, signal, ...given } = options;
  const definition = codecNamed(given.codec ?? DEFAULT_CODECS.images);
  const { shape } = runOptionsOf(definition, [definition.name]);
  const own = Object.entries(shape).filter(([key]) => !PRINTED.includes(key));
  const schema = z.strictObject(Object.fromEntries(own) as typeof shape);
  const resolved = resolveOptions(schema, given as z.input<typeof schema>, name);
  const list = typeof sources === 'string' ? [sources] : sources;
  return requestOf(definition, list, resolved, { onEvent, signal, planOnly });
}
