/**
 * Memory of one rank while it computes gradients, which is the peak. It counts the tensors; the
 * process itself takes a few hundred MiB more.
 */
import { headSize, type LlamaConfig, parameterCount } from '../model/config.ts';
import { QUERY_BLOCK } from '../ops/attention/attention.ts';

/** All tensors are counted as fp32; in bf16 the saved inputs of layers take half of that. */
const BYTES = 4;

/**
 * Numbers per token that stay until the gradients are computed: values saved for the backward pass,
 * and the gradients of every op's output, which tfjs frees only at its end. They were found by
 * counting the bytes of live tensors while one size at a time was changed (test/trainer/estimate).
 */
const BLOCK = { hidden: 29, keyValue: 11, intermediate: 6, qkNorm: 4.5 } as const;
const LOGITS = 6;
/** The input of a checkpointed block, and its gradient. */
const CHECKPOINT = 2;
/** Scores of a block of queries: probabilities, their gradients and intermediate results. */
const SCORES = 5;

export interface MemoryOptions {
  /** Sequences in a micro batch. */
  sequences: number;
  seqLen: number;
  gradAccumulation: number;
  checkpointing: boolean;
  zero: 0 | 1;
  worldSize: number;
}

/** Memory of one rank in bytes. */
export interface MemoryEstimate {
  weights: number;
  /** Gradients of one micro batch; with accumulation, also their sum so far. */
  gradients: number;
  /**
   * Both moments of AdamW; with ZeRO-1, the rank's share of them and of the weights that it
   * updates.
   */
  optimizer: number;
  activations: number;
  total: number;
}

export function estimateMemory(config: LlamaConfig, options: MemoryOptions): MemoryEstimate {
  const { gradAccumulation, zero, worldSize } = options;
  const weights = BYTES * parameterCount(config);
  const gradients = weights * (gradAccumulation > 1 ? 2 : 1);
  const optimizer = zero === 1 ? (3 * weights) / worldSize : 2 * weights;
  const activations = activationBytes(config, options);
  const total = weights + gradients + optimizer + activations;
  return { weights, gradients, optimizer, activations, total };
}

function activationBytes(config: LlamaConfig, options: MemoryOptions): number {
  const { hiddenSize, intermediateSize, heads, layers, vocabSize } = config;
  const { sequences, seqLen, checkpointing } = options;
  const keyValueSize = config.kvHeads * headSize(config);
  const block =
    BLOCK.hidden * hiddenSize +
    BLOCK.keyValue * keyValueSize +
    BLOCK.intermediate * intermediateSize +
    (config.qkNorm ? BLOCK.qkNorm * (hiddenSize + keyValueSize) : 0);
  // A checkpointed block is computed again when it is needed: only one is alive at a time.
  const blocks = checkpointing ? block + CHECKPOINT * hiddenSize * layers : block * layers;
  const scores = SCORES * heads * Math.min(QUERY_BLOCK, seqLen);
  return BYTES * sequences * seqLen * (blocks + LOGITS * vocabSize + scores);
}
