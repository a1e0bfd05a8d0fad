/** Estimates a run from its configuration alone. */
import type { TrainerConfig } from '../../schemas/trainer.ts';
import { readManifest } from '../../shards/index.ts';
import { codecNamed, DEFAULT_CODECS } from '../../tokenizer/index.ts';
import { accumulationOf, checkpointingOf, llamaConfig } from '../config/derived.ts';
import { parameterCount } from '../model/config.ts';
import { FLOPS_CONVENTION, flopsPerToken } from './flops.ts';
import { daysOn, smallestGpu } from './gpus.ts';
import { estimateMemory, type MemoryEstimate } from './memory.ts';

/** Default vocabulary: bytes, the paper's 320 merges for images, and the special tokens. */
const DEFAULT_VOCAB_SIZE = 579;

/** What well-tuned runs of several machines reach; the paper's month is 0.5. */
const DEFAULT_MFU = 0.4;

export interface EstimateOptions {
  /** Number of ranks; default 1. */
  worldSize: number;
  /** Dataset directory, which gives vocabulary and row length. */
  data?: string;
  /** Used without a dataset; default 579, the size with 320 merges. */
  vocabSize: number;
  /** Share of the GPUs' speed at which the run is planned; default 0.4. */
  mfu: number;
  /** Device of a rank; default gpu. CPUs are taken to have this project's kernels. */
  device: 'gpu' | 'cpu';
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
  zero: 0 | 1 | 3;
  checkpointing: boolean;
  /** Memory of one rank in bytes. */
  memory: MemoryEstimate;
  /** The same for each ZeRO stage and several numbers of ranks, in this order. */
  alternatives: Alternative[];
  /** The smallest GPU of a list that holds it; undefined when none does, and for CPUs. */
  gpu?: string;
  /** Days of all steps on that GPU in every rank, at `mfu` of its speed in bf16. */
  days?: number;
  mfu: number;
}

/** What a rank would take with other ranks or another stage, with the same sequences a step. */
export interface Alternative {
  zero: 0 | 1 | 3;
  worldSize: number;
  memory: MemoryEstimate;
  gpu?: string;
}

/** @throws CodecLmError `CONFIG_INVALID` for a batch that the ranks cannot share; what readManifest throws */
export async function estimate(
  config: TrainerConfig,
  options: Partial<EstimateOptions> = {},
): Promise<Estimate> {
  const { worldSize = 1, mfu = DEFAULT_MFU, device = 'gpu' } = options;
  const manifest = options.data === undefined ? undefined : await readManifest(options.data);
  const vocabSize = manifest?.vocabSize ?? options.vocabSize ?? DEFAULT_VOCAB_SIZE;
  const { seqLen, seqLenFrom } = lengthOf(config.train.seqLen, manifest?.seqLen);
  const gradAccumulation = accumulationOf(config, worldSize);
  const { microBatch, precision } = config.train;
  const { zero, zeroGroup } = config.optim;
  const checkpointing = checkpointingOf(config);
  const shape = llamaConfig({ ...config, train: { ...config.train, seqLen } }, vocabSize);
  const tokensPerStep = worldSize * gradAccumulation * microBatch * seqLen;
  const memoryOf = (zero: 0 | 1 | 3, ranks: number, accumulation: number) =>
    estimateMemory(shape, {
      sequences: microBatch,
      seqLen,
      gradAccumulation: accumulation,
      checkpointing: config.train.checkpointing || zero === 3,
      precision,
      zero,
      worldSize: ranks,
      hasKernels: device === 'cpu',
      zeroGroup: zeroGroup !== undefined && ranks % zeroGroup === 0 ? zeroGroup : undefined,
    });
  const memory = memoryOf(zero, worldSize, gradAccumulation);
  const gpuFor = (bytes: number) => (device === 'gpu' ? smallestGpu(bytes) : undefined);
  const gpu = gpuFor(memory.total);
  const flops = flopsPerToken(shape, seqLen);
  return {
    parameters: parameterCount(shape),
    flopsPerToken: flops,
    flopsConvention: FLOPS_CONVENTION,
    worldSize,
    vocabSize,
    seqLen,
    seqLenFrom,
    microBatch,
    gradAccumulation,
    tokensPerStep,
    zero,
    checkpointing,
    memory,
    alternatives: STAGES.flatMap((stage) =>
      worldSizesBeside(worldSize).map((ranks) => {
        const accumulation = Math.max(1, Math.round((gradAccumulation * worldSize) / ranks));
        const memory = memoryOf(stage, ranks, accumulation);
        return { zero: stage, worldSize: ranks, memory, gpu: gpuFor(memory.total)?.name };
      }),
    ),
    gpu: gpu?.name,
    days: gpu && daysOn(gpu, worldSize, flops * tokensPerStep * config.train.steps, mfu),
    mfu,
  };
}

const STAGES = [0, 1, 3] as const;

/** The number that was asked for, and others for comparison. */
function worldSizesBeside(worldSize: number): number[] {
  return [...new Set([1, 8, 32, 128, worldSize])].sort((a, b) => a - b);
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
