/** plan.json and its companions: what a run was asked for, frozen before the first image is read. */
import { z } from 'zod';
import { codecInfoSchema, documentFileEntrySchema, documentRowSchema } from './dataset.ts';

export const PLAN_VERSION = 3;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Everything that decides the bytes of a dataset; two runs with equal configs may share a folder. */
export const planConfigSchema = z.strictObject({
  codec: codecInfoSchema,
  /** Absolute paths, in the order given; `@` before a text list. Bytes that are no UTF-8 are escaped. */
  sources: z.array(z.string()).min(1),
  merges: count,
  bpeSamples: count,
  /** sha256 of the tokenizer.json given with --tokenizer; null when the run learns its own. */
  tokenizer: sha256.nullable(),
  seqLen: z.int().positive(),
  partitionSize: z.int().positive(),
  seed: z.int(),
  valFraction: z.number().min(0).lt(1),
});
export type PlanConfig = z.infer<typeof planConfigSchema>;

/** What listing the sources came upon besides inputs. */
export const listingSchema = z.strictObject({
  /** Extension -> files passed over because their name is not that of an image. */
  ignored: z.record(z.string(), count),
  /** Inputs named more than once; each is planned once. */
  duplicates: count,
  /** What could not be read, or not to its end, and what is no file: by name, up to a hundred. */
  problems: z.array(z.strictObject({ path: z.string(), problem: z.string() })),
  /** Those of the problems by which inputs are missing from the plan; absent when there are none. */
  unread: count.optional(),
});
export type Listing = z.infer<typeof listingSchema>;

export const planSchema = z.strictObject({
  planVersion: z.literal(PLAN_VERSION),
  config: planConfigSchema,
  inputs: count,
  /** sha256 over the lines of all lists, in plan order. */
  inputsHash: sha256,
  /** sha256 of the list of each partition: a list that was changed since is refused. */
  listHashes: z.array(sha256),
  listing: listingSchema,
});
export type Plan = z.infer<typeof planSchema>;

/** What one split of a partition left for the last shard. */
export const splitTailSchema = z.strictObject({
  /** The file under documents/ that was written; null when no document begins in the shard. */
  documents: documentFileEntrySchema.nullable(),
  /** Base64 of the token ids, little-endian uint16. */
  ids: z.string(),
  /** Each piece of a document in the tail; the first may continue a document of the shard. */
  pieces: z.array(z.strictObject({ docId: count, start: count })),
  /** The documents that begin in the tail, `shard`, `row` and `offset` not yet known. */
  rows: z.array(documentRowSchema.omit({ shard: true, row: true, offset: true })),
});
export type SplitTail = z.infer<typeof splitTailSchema>;

/** tails/part-00000.json: the tails of a partition, and what finalize needs to know of it. */
export const tailSchema = z.strictObject({
  tokenizerHash: sha256,
  train: splitTailSchema,
  val: splitTailSchema,
});
export type Tail = z.infer<typeof tailSchema>;

/** plan/retry-00001.json: inputs that failed and are run again, frozen like the plan. */
export const retryRoundSchema = z.strictObject({
  round: z.int().positive(),
  partitions: z.array(
    z.strictObject({
      number: count,
      index: count,
      name: z.string(),
      count: z.int().positive(),
    }),
  ),
  /** In the names of the shards that hold the tails of this round: behind its partitions. */
  tailIndex: count,
});
export type RetryRound = z.infer<typeof retryRoundSchema>;
