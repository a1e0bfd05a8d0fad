/** Turns options into a run, for any codec. */

import { availableParallelism } from 'node:os';
import { CodecLmError } from '../base/error.ts';
import { absolutePlace, isRemote } from '../base/storage/index.ts';
import { curationSchema } from '../schemas/curation.ts';
import { type PlanOptions, parseShare, type RunningOptions } from '../schemas/pipeline.ts';
import type { PlanConfig } from '../schemas/plan.ts';
import {
  type Codec,
  type CodecDefinition,
  type Encoder,
  plainTokenizer,
  readTokenizer,
  type Tokenizer,
} from '../tokenizer/index.ts';
import { clipsOf, wholeVideos } from './clips/config.ts';
import { columnsConfigOf } from './columns/spec.ts';
import { isTableName } from './columns/tables/table.ts';
import { checkMeasurable } from './curate/survey.ts';
import { FAR_LANES, lanesOf, threadsHint } from './encode/lanes.ts';
import { limited } from './encode/limited.ts';
import type { PipelineEvent } from './events.ts';
import { resolveMerges } from './merges.ts';
import { findRanks } from './rank.ts';
import type { RunRequest } from './run.ts';
import { resolveSources } from './sources/list-inputs.ts';

/**
 * Processes in addition to one per core: while this process checks and packs one result and starts
 * the next process, the core has another one to run.
 */
const SPARE_PROCESSES = 1;

/** Observers of a run, which may also stop it. */
export interface Watching {
  onEvent?: (event: PipelineEvent) => void;
  /** Stops the run; finished partitions are kept. */
  signal?: AbortSignal;
}

export interface PlanOnly {
  /** Stop when the plan is frozen and the tokenizer learned. */
  planOnly?: boolean;
}

/** @param options parsed by `planOptionsOf` or `runOptionsOf` of the definition */
export async function requestOf(
  definition: CodecDefinition,
  sources: readonly string[],
  options: PlanOptions & Partial<RunningOptions>,
  { onEvent, signal = new AbortController().signal, planOnly = false }: Watching & PlanOnly,
): Promise<RunRequest> {
  const { settings, tools } = definition.fromOptions(codecOptionsOf(definition, options));
  const codec = await definition.open(settings, tools);
  const tokenizer = await tokenizerOf(codec, options);
  const isAlone = planOnly || options.queue !== undefined;
  const ranks = isAlone ? { rank: 0, size: 1 } : findRanks(options);
  if (ranks.size > 1 && options.retryFailed) {
    throw new CodecLmError(
      'USAGE',
      '`retryFailed` must run in a single process: start it without ranks',
    );
  }
  checkQueue(options);
  const merges =
    tokenizer?.merges.length ?? resolveMerges(options, definition.defaults.merges ?? 0);
  const { encoder, lanes, hint } = await workOf(codec, options.workers);
  const tables = (options.list ?? []).map((table) => `@${table}`);
  const resolved = await resolveSources([...sources, ...tables]);
  const isFar = resolved.some((source) => isRemote(source.replace(/^@/, '')));
  const config = configOf(resolved, codec, encoder, tokenizer, merges, options);
  checkMeasurable(config.curation, encoder, definition);
  if (encoder.warning) onEvent?.({ type: 'warning', message: encoder.warning });
  return {
    out: absolutePlace(options.out),
    codec,
    encoder,
    reopen: async (learned) => {
      const whole = await definition.open({ ...settings, ...learned }, tools);
      return { codec: whole, encoder: (await workOf(whole, options.workers)).encoder };
    },
    config,
    extensions: definition.extensions,
    noun: definition.noun,
    tokenizer,
    ranks,
    queue: options.queue,
    lanes: isFar ? lanes + FAR_LANES : lanes,
    // Ranks share the cores already.
    hint: ranks.size === 1 ? hint : undefined,
    maxFailures: parseShare(options.maxFailures),
    planOnly,
    retryFailed: options.retryFailed ?? false,
    allowEncoderChange: options.allowEncoderChange ?? false,
    emit: (event) => onEvent?.(event),
    signal,
  };
}

/** @throws CodecLmError `USAGE` for options that a queue excludes */
function checkQueue(options: PlanOptions & Partial<RunningOptions>): void {
  const { queue, rank, worldSize, retryFailed, allowEncoderChange } = options;
  if (queue === undefined) return;
  const excluded = [
    (rank ?? worldSize) !== undefined && '`worldSize`: a queue gives the partitions, not a rank',
    retryFailed && '`retryFailed`: it runs in a single process, when the dataset is complete',
    // Two workers that make one partition at the same time have to make the same bytes.
    allowEncoderChange && '`allowEncoderChange`: all workers have to make the same bytes',
  ].find(Boolean);
  if (excluded) throw new CodecLmError('USAGE', `\`queue\` does not go with ${excluded}`);
}

/** The options that belong to the codec. */
function codecOptionsOf(
  { options: schema }: CodecDefinition,
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = Object.keys(schema.shape);
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

/** Decides how many inputs are encoded at once, in threads or processes. */
export async function workOf(
  codec: Codec,
  workers: number | undefined,
): Promise<{ encoder: Encoder; lanes: number; hint?: string }> {
  const encoder = await (codec.learning ?? codec).encoder();
  if (codec.definition.work === 'threads') {
    return { encoder, lanes: lanesOf(workers), hint: threadsHint(workers) };
  }
  const processes = workers ?? availableParallelism();
  // A batch has several inputs: with this many batches, no process is ever idle.
  return { encoder: limited(encoder, processes + SPARE_PROCESSES), lanes: processes };
}

/**
 * The tokenizer that is known before a sample is encoded: the given one, or the plain alphabet of a
 * codec without byte-pair encoding.
 */
async function tokenizerOf(codec: Codec, options: PlanOptions): Promise<Tokenizer | undefined> {
  if (codec.definition.defaults.merges === undefined) return plainTokenizer(codec.alphabet);
  if (options.tokenizer === undefined) return undefined;
  if (options.merges !== undefined || options.vocabSize !== undefined) {
    throw new CodecLmError(
      'USAGE',
      '`tokenizer` defines the merges: leave `merges` and `vocabSize` out',
    );
  }
  const tokenizer = await readTokenizer(options.tokenizer);
  if (tokenizer.file().name !== 'tokenizer.json') {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `${options.tokenizer} is a sentencepiece model, but datasets keep a tokenizer.json`,
      { path: options.tokenizer, hint: 'take another `tokenizer`, or leave it out to learn one' },
    );
  }
  if (tokenizer.alphabet === codec.alphabet) return tokenizer;
  throw new CodecLmError(
    'TOKENIZER_INVALID',
    `${options.tokenizer} has ${tokenizer.alphabet} symbols, but documents of ${codec.definition.name} have ${codec.alphabet}`,
    { path: options.tokenizer },
  );
}

function configOf(
  sources: string[],
  { definition, seqLen: ofSettings }: Codec,
  encoder: Encoder,
  tokenizer: Tokenizer | undefined,
  merges: number,
  options: PlanOptions,
): PlanConfig {
  const { partitionSize, seed, valFraction, bpeSamples = 0 } = options;
  const { settings, versions } = encoder;
  const clips = clipsOf(options, encoder);
  return {
    codec: { name: definition.name, settings: { ...settings }, versions: { ...versions } },
    sources,
    merges,
    // A given tokenizer needs no sample, whatever size was requested.
    bpeSamples: tokenizer ? 0 : bpeSamples,
    tokenizer: tokenizer?.hash ?? null,
    seqLen: options.seqLen ?? ofSettings ?? definition.defaults.seqLen,
    partitionSize: wholeVideos(partitionSize, clips.clips),
    seed,
    valFraction,
    ...curationOf(options),
    ...columnsOf(options),
    ...clips,
  };
}

/** Absent where no column travels along, so that plans from before it existed are still the same. */
function columnsOf({ columns, pathColumn, list }: PlanOptions): Pick<PlanConfig, 'columns'> {
  if (list.length > 0 && pathColumn === undefined) {
    throw new CodecLmError(
      'USAGE',
      `\`list\` names ${list[0]}: which of its columns names the files?`,
      {
        hint: 'name it by `pathColumn`, such as url',
      },
    );
  }
  const wrong = list.find((table) => !isTableName(table));
  if (wrong !== undefined) {
    throw new CodecLmError('USAGE', `${wrong} is no table: .csv, .tsv, .jsonl or .parquet`, {
      hint: 'a text with one path per line is named as `@FILE`; unpack a compressed table first',
    });
  }
  const config = columnsConfigOf(columns, pathColumn);
  return config ? { columns: config } : {};
}

/** Absent where nothing is left out, so that plans from before it existed are still the same. */
function curationOf(options: PlanOptions): Pick<PlanConfig, 'curation'> {
  const { minSide, maxAspect, minBytes, dropDuplicates, nearDuplicates } = options;
  const duplicates = dropDuplicates ? 'drop' : undefined;
  const asked = Object.entries({ minSide, maxAspect, minBytes, duplicates, nearDuplicates });
  const given = asked.filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { curation: curationSchema.parse(Object.fromEntries(given)) };
}
