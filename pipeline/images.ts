/** What is particular to images: which files are, and which options make their codec and config. */
import { resolve } from 'node:path';
import type { Io } from '../cli/command.ts';
import { CodecLmError } from '../schemas/error.ts';
import {
  IMAGE_MERGES,
  type PlanImagesOptions,
  parseShare,
  parseSize,
  type RunImagesOptions,
  resolveMerges,
} from '../schemas/pipeline.ts';
import type { PlanConfig } from '../schemas/plan.ts';
import { readTokenizer } from '../tokenizer/bpe/huggingface.ts';
import type { ByteBpe } from '../tokenizer/bpe/tokenizer.ts';
import type { Codec } from '../tokenizer/codec.ts';
import { createJpegCodec } from '../tokenizer/jpeg/encode.ts';
import { lanesOf, threadsHint } from './lanes.ts';
import { findRanks } from './rank.ts';
import { Report } from './report.ts';
import type { RunRequest } from './run.ts';
import { resolveSources } from './sources/list-inputs.ts';

/** Names that sharp's libvips reads; whether a file is what it is named shows when it is read. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  'jpg jpeg jpe jfif png webp gif tif tiff avif heic heif jp2 jxl bmp ppm pgm pnm svg'
    .split(' ')
    .map((extension) => `.${extension}`),
);

export async function imagesRequest(
  sources: readonly string[],
  options: PlanImagesOptions & Partial<RunImagesOptions>,
  io: Io,
  planOnly: boolean,
): Promise<RunRequest> {
  const { width, height } = parseSize(options.size);
  const codec = createJpegCodec({ width, height, quality: options.quality });
  const tokenizer = await givenTokenizer(options);
  const ranks = planOnly ? { rank: 0, size: 1 } : findRanks(options);
  if (ranks.size > 1 && options.retryFailed) {
    throw new CodecLmError(
      'USAGE',
      '--retry-failed is the work of one process: run it without ranks',
    );
  }
  return {
    out: resolve(options.out),
    codec,
    config: configOf(await resolveSources(sources), codec, tokenizer, options),
    extensions: IMAGE_EXTENSIONS,
    tokenizer,
    ranks,
    lanes: lanesOf(options.workers),
    // Ranks share the cores already.
    hint: ranks.size === 1 ? threadsHint(options.workers) : undefined,
    maxFailures: parseShare(options.maxFailures),
    planOnly,
    retryFailed: options.retryFailed ?? false,
    report: new Report(io, options),
    signal: io.signal,
  };
}

async function givenTokenizer(options: PlanImagesOptions): Promise<ByteBpe | undefined> {
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
  options: PlanImagesOptions,
): PlanConfig {
  const { seqLen, partitionSize, seed, valFraction, bpeSamples } = options;
  return {
    codec: { name: codec.name, settings: { ...codec.settings }, versions: { ...codec.versions } },
    sources,
    merges: tokenizer?.merges.length ?? resolveMerges(options, IMAGE_MERGES),
    // A given tokenizer needs no sample, however many were asked for.
    bpeSamples: tokenizer ? 0 : bpeSamples,
    tokenizer: tokenizer?.hash ?? null,
    seqLen,
    partitionSize,
    seed,
    valFraction,
  };
}
