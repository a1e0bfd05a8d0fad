/**
 * Numbers that lie in memory between the forward and the backward pass, and while one block or the
 * output layer goes backward. They follow what the ops save (trainer/ops) and what their gradients
 * make, and are compared with the bytes of live tensors in test/trainer/estimate.
 */
import { headSize, type LlamaConfig } from '../model/config.ts';
import { rowsPerChunk } from '../model/row-chunks.ts';
import { QUERY_BLOCK } from '../ops/attention/attention.ts';
import type { Precision } from '../ops/linear.ts';

export interface ActivationOptions {
  /** Sequences in a micro batch. */
  sequences: number;
  seqLen: number;
  checkpointing: boolean;
  precision: Precision;
}

/** Counts of fp32 numbers. */
export interface ActivationCounts {
  /** What a block keeps until its backward pass. */
  kept: number;
  /** What the backward pass of one block takes besides, at its highest. */
  block: number;
  /** What the loss and its gradient take, at their highest. */
  head: number;
}

/**
 * Saved by attention: scaled queries and its output by heads, keys and values; and the inputs of the
 * products, which are bf16 where those are.
 */
const ATTENTION_SAVED = { hidden: 2, factors: 2, keyValue: 2 } as const;
/** Its gradient: that of the output, twice, that of the queries; keys and values, cut and summed. */
const ATTENTION_BACKWARD = { hidden: 5, keyValue: 8 } as const;
/** Scores of a block of queries: probabilities, their gradients and intermediate results. */
const SCORES = 5;
/** Saved by the feed-forward layer: its input; gate and up; the inputs of the products. */
const FEED_FORWARD_SAVED = {
  hidden: 1,
  intermediate: 2,
  factors: { hidden: 1, intermediate: 1 },
} as const;
/** Its gradient: those of gate, up and product, and intermediate results of SwiGLU. */
const FEED_FORWARD_BACKWARD = { hidden: 2, intermediate: 7 } as const;
/** Logits, their gradient, twice, and intermediate results. */
const LOGITS = 4;
/** Input and output of the last norm, and the gradients of both. */
const HEAD_HIDDEN = 4;

export function activationCounts(
  config: LlamaConfig,
  { sequences, seqLen, checkpointing, precision }: ActivationOptions,
): ActivationCounts {
  const { hiddenSize: h, intermediateSize: i, heads, vocabSize } = config;
  const tokens = sequences * seqLen;
  const kv = config.kvHeads * headSize(config);
  const norms = config.qkNorm ? h + kv : 0;
  /** Size of a factor of a product, in fp32 numbers. */
  const factor = precision === 'bf16' ? 0.5 : 1;
  const attention =
    (ATTENTION_SAVED.hidden + ATTENTION_SAVED.factors * factor) * h +
    ATTENTION_SAVED.keyValue * kv +
    norms;
  const scores = SCORES * heads * Math.min(QUERY_BLOCK, seqLen);
  const attentionBackward =
    ATTENTION_BACKWARD.hidden * h + ATTENTION_BACKWARD.keyValue * kv + scores;
  const { hidden, intermediate, factors } = FEED_FORWARD_SAVED;
  const feedForward =
    (hidden + factors.hidden * factor) * h + (intermediate + factors.intermediate * factor) * i;
  const wide = FEED_FORWARD_BACKWARD.intermediate * i;
  const narrow = FEED_FORWARD_BACKWARD.hidden * h;
  const share = (width: number) => Math.min(1, rowsPerChunk(width) / tokens);
  const head = tokens * (HEAD_HIDDEN * h + share(vocabSize) * LOGITS * vocabSize);
  if (checkpointing) {
    const chunk = share(i) * (feedForward + wide) + narrow + h;
    return {
      kept: tokens * h * factor,
      block: tokens * (attention + Math.max(chunk, attentionBackward)),
      head,
    };
  }
  // What the feed-forward half has saved is gone when attention goes backward.
  const block = Math.max(wide + narrow, attentionBackward - feedForward);
  return { kept: tokens * (h + attention + feedForward), block: tokens * Math.max(0, block), head };
}
