/** Estimates a run from its configuration alone. */
import type { TrainerConfig } from '../../schemas/trainer.ts';
import { readManifest } from '../../shards/index.ts';
import { codecNamed, DEFAULT_CODECS } from '../../tokenizer/index.ts';
import { accumulationOf, llamaConfig } from '../config/derived.ts';
import { parameterCount } from '../model/config.ts';
import { FLOPS_CONVENTION, flopsPerToken } from './flops.ts';
import { estimateMemory, type MemoryEstimate } from './memory.ts';

/** Default vocabulary: bytes, the paper's 320 merges for images, and the special tokens. */
const DEFAULT_VOCAB_SIZE = 579;

export interface EstimateOptions {
  /** Number of ranks; default 1. */
  worldSize: number;
  /** Dataset directory, which gives vocabulary and row length. */
  data?: string;
  /** Used without a dataset; default 579, the size with 320 merges. */
  vocabSize: number;
}

export interface Estimate {
  parameters: number;
  /** FLOPs of forward and backward pass, counted by `flopsConvention`. */
  flopsPerToken: number;
  flopsConvention: string;
  worldSize: number;
  vocabSize: number;
  seqLen: number;
  /**
   * Source of the sequence length: a preset, file or setting, or the dataset; if none, the default
   * for images is used.
   */
  seqLenFrom: 'config' | 'data' | 'default';
  microBatch: number;
  gradAccumulation: number;
  /** Tokens over all ranks. */
  tokensPerStep: number;
  zero: 0 | 1;
  checkpointing: boolean;
  /** Memory of one rank in bytes. */
  memory: MemoryEstimate;
}

/** @throws CodecLmError `CONFIG_INVALID` for a batch that the ranks cannot share; what readManifest throws */
export async function estimate(
  config: TrainerConfig,
  options: Partial<EstimateOptions> = {},
): Promise<Estimate> {
  const { worldSize = 1 } = options;
  const manifest = options.data === undefined ? undefined : await readManifest(options.data);
  const vocabSize = manifest?.vocabSize ?? options.vocabSize ?? DEFAULT_VOCAB_SIZE;
  const { seqLen, seqLenFrom } = lengthOf(config.train.seqLen, manifest?.seqLen);
  const gradAccumulation = accumulationOf(config, worldSize);
  const { microBatch, checkpointing } = config.train;
  const { zero } = config.optim;
  const shape = llamaConfig({ ...config, train: { ...config.train, seqLen } }, vocabSize);
  return {
    parameters: parameterCount(shape),
    flopsPerToken: flopsPerToken(shape, seqLen),
    flopsConvention: FLOPS_CONVENTION,
    worldSize,
    vocabSize,
    seqLen,
    seqLenFrom,
    microBatch,
    gradAccumulation,
    tokensPerStep: worldSize * gradAccumulation * microBatch * seqLen,
    zero,
    checkpointing,
    memory: estimateMemory(shape, {
      sequences: microBatch,
      seqLen,
      gradAccumulation,
      checkpointing,
      zero,
      worldSize,
    }),
  };
}

function lengthOf(
  configured: number | undefined,
  ofData: number | undefined,
): Pick<Estimate, 'seqLen' | 'seqLenFrom'> {
  if (configured !== undefined) return { seqLen: configured, seqLenFrom: 'config' };
  if (ofData !== undefined) return { seqLen: ofData, seqLenFrom: 'data' };
  const { seqLen } = codecNamed(DEFAULT_CODECS.images).defaults;
  return { seqLen, seqLenFrom: 'default' };
}
