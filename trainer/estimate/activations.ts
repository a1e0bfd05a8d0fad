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
  /** Whether ranks are CPUs with this project's kernels (compute/kernels.ts); default: no. */
  hasKernels?: boolean;
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

/** Sizes of tensors in multiples of widths of the model; `factors` are inputs of products, bf16 where those are. */
interface OpCosts {
  /** Saved by attention's half. */
  attention: { hidden: number; keyValue: number; factors: number };
  /** Its gradient; `scores` of a block of queries. */
  attentionBackward: { hidden: number; keyValue: number; scores: number };
  /** Saved by the feed-forward half. */
  feedForward: { hidden: number; intermediate: number; factors: Factors };
  /** Its gradient. */
  feedForwardBackward: { hidden: number; intermediate: number; factors: Factors };
  /** Tensors as large as the logits. */
  logits: number;
}

interface Factors {
  hidden: number;
  intermediate: number;
}

const NO_FACTORS: Factors = { hidden: 0, intermediate: 0 };

/** TensorFlow's own ops, as on GPUs. */
const PLAIN: OpCosts = {
  // Scaled queries and the output by heads, keys and values; the norm's output and the merged heads.
  attention: { hidden: 2, keyValue: 2, factors: 2 },
  // Gradients of the output, twice, and of the queries; keys and values, cut and summed; probabilities,
  // their gradients and intermediate results.
  attentionBackward: { hidden: 5, keyValue: 8, scores: 5 },
  // Its input; gate and up; the norm's output and the product of gate and up.
  feedForward: { hidden: 1, intermediate: 2, factors: { hidden: 1, intermediate: 1 } },
  // Gradients of gate, up and product, and intermediate results of SwiGLU.
  feedForwardBackward: { hidden: 2, intermediate: 7, factors: NO_FACTORS },
  // Logits, their gradient, twice, and an intermediate result.
  logits: 4,
};

/** The fused functions (trainer/ops/fused), which compute again what is cheap. */
const KERNELS: OpCosts = {
  attention: { hidden: 2, keyValue: 2, factors: 0 },
  // Gradients of both outputs; gradients of keys and values, and cut keys and values or sums; probabilities and
  // the gradients of both.
  attentionBackward: { hidden: 2, keyValue: 4, scores: 3 },
  feedForward: { hidden: 1, intermediate: 0, factors: { hidden: 0, intermediate: 2 } },
  // Gradients of gate, up and product, and the product again.
  feedForwardBackward: { hidden: 2, intermediate: 0, factors: { hidden: 0, intermediate: 4 } },
  logits: 2,
};
/** Input and output of the last norm, and the gradients of both. */
const HEAD_HIDDEN = 4;

export function activationCounts(
  config: LlamaConfig,
  { sequences, seqLen, checkpointing, precision, hasKernels = false }: ActivationOptions,
): ActivationCounts {
  const { hiddenSize: h, intermediateSize: i, heads, vocabSize } = config;
  const tokens = sequences * seqLen;
  const kv = config.kvHeads * headSize(config);
  const norms = config.qkNorm ? h + kv : 0;
  /** Size of a factor of a product, in fp32 numbers. */
  const factor = precision === 'bf16' ? 0.5 : 1;
  const costs = hasKernels ? KERNELS : PLAIN;
  const ofAttention = config.qkNorm ? PLAIN : costs;
  const { attention: saved, attentionBackward: back } = ofAttention;
  const attention = (saved.hidden + saved.factors * factor) * h + saved.keyValue * kv + norms;
  const scores = back.scores * heads * Math.min(QUERY_BLOCK, seqLen);
  const attentionBackward = back.hidden * h + back.keyValue * kv + scores;
  const wideOf = ({ intermediate, factors }: OpCosts['feedForward']) =>
    (intermediate + factors.intermediate * factor) * i;
  const feedForward =
    (costs.feedForward.hidden + costs.feedForward.factors.hidden * factor) * h +
    wideOf(costs.feedForward);
  const wide = wideOf(costs.feedForwardBackward);
  const narrow = costs.feedForwardBackward.hidden * h;
  const share = (width: number) => Math.min(1, rowsPerChunk(width) / tokens);
  const head = tokens * (HEAD_HIDDEN * h + share(vocabSize) * costs.logits * vocabSize);
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
