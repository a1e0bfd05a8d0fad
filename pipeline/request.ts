/** The options of a command line as a run: what all codecs share. */
import { resolve } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import type { Io } from '../cli/command.ts';
import {
  type PlanOptions,
  parseShare,
  type RunningOptions,
  resolveMerges,
} from '../schemas/pipeline.ts';
import type { PlanConfig } from '../schemas/plan.ts';
import { readTokenizer } from '../tokenizer/bpe/files/huggingface.ts';
import type { ByteBpe } from '../tokenizer/bpe/tokenizer.ts';
import type { Codec } from '../tokenizer/codecs/codec.ts';
import { findRanks } from './rank.ts';
import type { RunRequest } from './run.ts';
import { resolveSources } from './sources/list-inputs.ts';
import { Report } from './status/report.ts';

/** What one kind of media brings. */
export interface Media extends Pick<RunRequest, 'codec' | 'extensions' | 'noun' | 'lanes'> {
  /** Merges that are learned when nothing else is asked for. */
  merges: number;
  /** How a process of its own could use this machine better. */
  hint?: string;
}

export async function requestOf(
  media: Media,
  sources: readonly string[],
  options: PlanOptions & Partial<RunningOptions>,
  io: Io,
  planOnly: boolean,
): Promise<RunRequest> {
  const { codec, extensions, noun, lanes } = media;
  const tokenizer = await givenTokenizer(options);
  const ranks = planOnly ? { rank: 0, size: 1 } : findRanks(options);
  if (ranks.size > 1 && options.retryFailed) {
    throw new CodecLmError(
      'USAGE',
      '--retry-failed is the work of one process: run it without ranks',
    );
  }
  const merges = tokenizer?.merges.length ?? resolveMerges(options, media.merges);
  return {
    out: resolve(options.out),
    codec,
    config: configOf(await resolveSources(sources), codec, tokenizer, merges, options),
    extensions,
    noun,
    tokenizer,
    ranks,
    lanes,
    // Ranks share the cores already.
    hint: ranks.size === 1 ? media.hint : undefined,
    maxFailures: parseShare(options.maxFailures),
    planOnly,
    retryFailed: options.retryFailed ?? false,
    allowEncoderChange: options.allowEncoderChange ?? false,
    report: new Report(io, options, noun),
    signal: io.signal,
  };
}

async function givenTokenizer(options: PlanOptions): Promise<ByteBpe | undefined> {
  if (options.tokenizer === undefined) return undefined;
  if (options.merges !== undefined || options.vocabSize !== undefined) {
    throw new CodecLmError(
      'USAGE',
      '--tokenizer gives the merges: leave --merges and --vocab-size out',
    );
  }
  return readTokenizer(options.tokenizer);
}

function configOf(
  sources: string[],
  codec: Codec,
  tokenizer: ByteBpe | undefined,
  merges: number,
  options: PlanOptions,
): PlanConfig {
  const { seqLen, partitionSize, seed, valFraction, bpeSamples } = options;
  return {
    codec: { name: codec.name, settings: { ...codec.settings }, versions: { ...codec.versions } },
    sources,
    merges,
    // A given tokenizer needs no sample, however many were asked for.
    bpeSamples: tokenizer ? 0 : bpeSamples,
    tokenizer: tokenizer?.hash ?? null,
    seqLen,
    partitionSize,
    seed,
    valFraction,
  };
}
