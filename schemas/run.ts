/** The files of a training run that are JSON: metrics, the state of a checkpoint, the codec it speaks. */
import { z } from 'zod';
import { codecInfoSchema } from './dataset.ts';

const count = z.int().nonnegative();

/**
 * The loss as bits for each byte of the codec's documents, which is comparable between vocabularies;
 * where documents are made of other symbols than bytes, for each symbol. One of the two is there.
 */
const bits = { bitsPerByte: z.number().optional(), bitsPerSymbol: z.number().optional() };

/** What a loss comes to, and for each of what. */
export function bitsOf(metrics: { bitsPerByte?: number; bitsPerSymbol?: number }): {
  bits: number;
  unit: 'byte' | 'symbol';
} {
  const { bitsPerByte, bitsPerSymbol = 0 } = metrics;
  return bitsPerByte === undefined
    ? { bits: bitsPerSymbol, unit: 'symbol' }
    : { bits: bitsPerByte, unit: 'byte' };
}

/** A line of metrics.jsonl after an optimizer step. */
export const trainMetricsSchema = z.strictObject({
  split: z.literal('train'),
  step: count,
  /** Mean cross-entropy of the step's tokens, in nats. */
  loss: z.number(),
  ...bits,
  /** Entropy in nats of the distribution of all target tokens seen so far: what a model that knows only frequencies would reach. */
  unigramLoss: z.number(),
  lr: z.number(),
  /** Global norm of the gradients before clipping. */
  gradNorm: z.number(),
  /** Target tokens of this step, padding not counted, and of the run up to here. */
  tokens: count,
  tokensSeen: count,
  tokensPerSecond: z.number(),
  /** Wall-clock seconds of the step, and those of them that a rank waited for data. */
  seconds: z.number(),
  dataWait: z.number(),
  epoch: count,
  /**
   * Model FLOPs utilization: the work of the step by the convention of PaLM (arXiv 2204.02311,
   * appendix B), over what the devices of all ranks could have done in its time.
   */
  mfu: z.number().optional(),
  /** Resident memory of rank 0, in bytes; and on its GPU, where there is one. */
  memory: count,
  gpuMemory: count.optional(),
});
export type TrainMetrics = z.infer<typeof trainMetricsSchema>;

/** A line of metrics.jsonl after an evaluation. */
export const valMetricsSchema = z.strictObject({
  split: z.literal('val'),
  step: count,
  loss: z.number(),
  ...bits,
  tokens: count,
});
export type ValMetrics = z.infer<typeof valMetricsSchema>;

export const metricsSchema = z.discriminatedUnion('split', [trainMetricsSchema, valMetricsSchema]);
export type Metrics = z.infer<typeof metricsSchema>;

/** data.json of a run: what it is trained on, so that resuming needs no more than the run. */
export const runDataSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** In the order of the run; the first is the model's. */
  datasets: z
    .array(z.strictObject({ dir: z.string().min(1), weight: z.number().positive() }))
    .min(1),
});
export type RunData = z.infer<typeof runDataSchema>;

export const STATE_VERSION = 1;

/** state.json of a checkpoint: all that an exact resume needs beside weights and moments. */
export const runStateSchema = z.strictObject({
  formatVersion: z.literal(STATE_VERSION),
  /** Optimizer steps done. */
  step: count,
  tokensSeen: count,
  /** Occurrences of each id among the targets so far. */
  tokenCounts: z.array(count),
  /** Where the data goes on: in one dataset, or in several that are mixed. */
  loader: z.union([
    z.strictObject({ epoch: count, position: count, seed: count }),
    /** Sequences taken of each dataset so far, and the rows that each has. */
    z.strictObject({ taken: z.array(count), rows: z.array(count), seed: count }),
  ]),
  /** sha256 of the tokenizer: the run goes on only with the dataset it began with. */
  tokenizerHash: z.string(),
  /** Name of the backend that computed, for people. */
  backend: z.string(),
});
export type RunState = z.infer<typeof runStateSchema>;

/** codec.json of a checkpoint: a checkpoint alone is enough to sample files from it. */
export const checkpointCodecSchema = z.strictObject({
  codec: codecInfoSchema,
  /** Tokens of a sequence in training: the longest context the model has seen. */
  seqLen: count,
});
export type CheckpointCodec = z.infer<typeof checkpointCodecSchema>;
