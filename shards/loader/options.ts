/** Options that all loaders share, with their defaults. */

import { CodecLmError } from '../../base/error.ts';
import type { Split } from '../../schemas/dataset.ts';

export interface CommonOptions {
  rank?: number;
  worldSize?: number;
  /** Sequences per batch of one rank; default 1. */
  microBatch?: number;
  /** Tokens per sequence; default: that of the dataset. */
  seqLen?: number;
  seed?: number;
  shuffle?: boolean;
  split?: Split;
  /** Adds `segments` to each batch, for attention that stays within a document. */
  segments?: boolean;
  /** Number of batches to read ahead. */
  prefetch?: number;
}

/**
 * @param longest tokens per row of the dataset
 * @throws CodecLmError `CONFIG_INVALID` that names the option and its value
 */
export function resolveCommon(options: CommonOptions, longest: number): Required<CommonOptions> {
  const settings = {
    rank: options.rank ?? 0,
    worldSize: options.worldSize ?? 1,
    microBatch: options.microBatch ?? 1,
    seqLen: options.seqLen ?? longest,
    seed: options.seed ?? 0,
    shuffle: options.shuffle ?? true,
    split: options.split ?? 'train',
    segments: options.segments ?? false,
    prefetch: options.prefetch ?? 2,
  };
  checkInteger('worldSize', settings.worldSize, 1, 2 ** 31);
  checkInteger('rank', settings.rank, 0, settings.worldSize - 1);
  checkInteger('microBatch', settings.microBatch, 1, 2 ** 20);
  checkInteger('seqLen', settings.seqLen, 2, longest);
  checkInteger('seed', settings.seed, 0, 2 ** 32 - 1);
  checkInteger('prefetch', settings.prefetch, 0, 1024);
  return settings;
}

export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const message = `loader option ${name}: ${value} is not an integer from ${min} to ${max}`;
  throw new CodecLmError('CONFIG_INVALID', message);
}
