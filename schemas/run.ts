/** The JSON files of a training run: metrics, the state of a checkpoint, and its codec. */
import { z } from 'zod';
import { codecInfoSchema } from './dataset.ts';

const count = z.int().nonnegative();

/**
 * The loss in bits per byte of the codec's documents, which can be compared between vocabularies;
 * in bits per symbol where documents are not made of bytes. Exactly one of the two is present.
 */
const bits = { bitsPerByte: z.number().optional(), bitsPerSymbol: z.number().optional() };

/** The loss in bits, and the unit it refers to. */
export function bitsOf(metrics: { bitsPerByte?: number; bitsPerSymbol?: number }): {
  bits: number;
  unit: 'byte' | 'symbol';
} {
  const { bitsPerByte, bitsPerSymbol = 0 } = metrics;
  return bitsPerByte === undefined
    ? { bits: bitsPerSymbol, unit: 'symbol' }
    : { bits: bitsPerByte, unit: 'byte' };
}

/** A line of metrics.jsonl, written after an optimizer step. */
export const trainMetricsSchema = z.strictObject({
  split: z.literal('train'),
  step: count,
  /** Mean cross-entropy of the step's tokens, in nats. */
  loss: z.number(),
  ...bits,
  /**
   * Entropy, in nats, of the distribution of all target tokens seen so far: the loss of a model
   * that knows only frequencies.
   */
  unigramLoss: z.number(),
  lr: z.number(),
  /** Global norm of the gradients before clipping. */
  gradNorm: z.number(),
  /** Target tokens of this step, without padding, and of the run so far. */
  tokens: count,
  tokensSeen: count,
  tokensPerSecond: z.number(),
  /** Wall-clock seconds of the step, and the part in which a rank waited for data. */
  seconds: z.number(),
  dataWait: z.number(),
  epoch: count,
  /**
   * Model FLOPs utilization: the FLOPs of the step by the convention of PaLM (arXiv 2204.02311,
   * appendix B), divided by the peak of the devices of all ranks in that time.
   */
  mfu: z.number().optional(),
  /** Resident memory of rank 0, and memory in use on its GPU if there is one, in bytes. */
  memory: count,
  gpuMemory: count.optional(),
});
export type TrainMetrics = z.infer<typeof trainMetricsSchema>;

/** A line of metrics.jsonl, written after an evaluation. */
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

/**
 * state.json of a checkpoint: everything that an exact resume needs besides weights and moments.
 */
export const runStateSchema = z.strictObject({
  formatVersion: z.literal(STATE_VERSION),
  /** Optimizer steps done. */
  step: count,
  tokensSeen: count,
  /** Occurrences of each id among the targets so far. */
  tokenCounts: z.array(count),
  /** Position in the data: of one dataset, or of several that are mixed. */
  loader: z.union([
    z.strictObject({
      epoch: count,
      position: count,
      seed: count,
      /** Rows of the split when the run began: a dataset may have been extended since. */
      rows: count.optional(),
    }),
    /** Sequences taken from each dataset so far, and the number of rows that each has. */
    z.strictObject({ taken: z.array(count), rows: z.array(count), seed: count }),
  ]),
  /** sha256 of the tokenizer: a run resumes only with the dataset it began with. */
  tokenizerHash: z.string(),
  /** Name of the compute backend, for people. */
  backend: z.string(),
});
export type RunState = z.infer<typeof runStateSchema>;

/** codec.json of a checkpoint, so that a checkpoint alone is enough to sample files. */
export const checkpointCodecSchema = z.strictObject({
  codec: codecInfoSchema,
  /** Tokens per sequence in training: the longest context that the model has seen. */
  seqLen: count,
});
export type CheckpointCodec = z.infer<typeof checkpointCodecSchema>;

/**
 * complete.json of a checkpoint in object storage: put last, and only where none is, so its presence
 * means that all files are there.
 */
export const completeCheckpointSchema = z.strictObject({
  formatVersion: z.literal(1),
  files: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[\w-][\w.-]{0,200}$/, 'must be the name of a file'),
        bytes: count,
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1),
});
export type CompleteCheckpoint = z.infer<typeof completeCheckpointSchema>;
