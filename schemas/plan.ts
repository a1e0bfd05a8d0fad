/** plan.json and its companions: the request of a run, frozen before the first image is read. */
import { z } from 'zod';
import { clipsConfigSchema } from './clips.ts';
import { columnsConfigSchema, plannedColumnSchema, rawValueSchema } from './columns.ts';
import { curatedSchema, curationSchema } from './curation.ts';
import { codecInfoSchema, documentFileEntrySchema, documentRowSchema } from './dataset.ts';

export const PLAN_VERSION = 3;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Everything that decides the bytes of a dataset; two runs with equal configs may share a folder. */
export const planConfigSchema = z.strictObject({
  codec: codecInfoSchema,
  /**
   * Absolute paths, in the order given; `@` before a text list. Bytes that are not UTF-8 are
   * escaped.
   */
  sources: z.array(z.string()).min(1),
  merges: count,
  bpeSamples: count,
  /** sha256 of the tokenizer.json given with --tokenizer; null when the run learns its own. */
  tokenizer: sha256.nullable(),
  seqLen: z.int().positive(),
  partitionSize: z.int().positive(),
  seed: z.int(),
  valFraction: z.number().min(0).lt(1),
  /** Absent where every input is encoded. */
  curation: curationSchema.optional(),
  /** Absent where no column travels along. */
  columns: columnsConfigSchema.optional(),
  /** Absent where each file gives one document. */
  clips: clipsConfigSchema.optional(),
});
export type PlanConfig = z.infer<typeof planConfigSchema>;

/** Things that listing the sources met besides inputs. */
export const listingSchema = z.strictObject({
  /** Extension -> number of files that were skipped because their name is not that of an input. */
  ignored: z.record(z.string(), count),
  /** Inputs named more than once; each is planned only once. */
  duplicates: count,
  /**
   * Files and folders that could not be read completely, and entries that are not files: path and
   * problem of at most a hundred.
   */
  problems: z.array(z.strictObject({ path: z.string(), problem: z.string() })),
  /** Number of problems that make inputs missing from the plan; absent when there are none. */
  unread: count.optional(),
});
export type Listing = z.infer<typeof listingSchema>;

export const planSchema = z.strictObject({
  planVersion: z.literal(PLAN_VERSION),
  config: planConfigSchema,
  inputs: count,
  /** sha256 of the lines of all lists, in plan order. */
  inputsHash: sha256,
  /** sha256 of each partition's list: a list that has changed since is refused. */
  listHashes: z.array(sha256),
  listing: listingSchema,
  /** Settings of the codec that were learned on a sample; absent for codecs that learn none. */
  learned: codecInfoSchema.shape.settings.optional(),
  /** What curation decided; absent without curation, or as long as inputs are measured. */
  curated: curatedSchema.optional(),
  /** The columns that travel along, with their types; absent without. */
  columns: z.array(plannedColumnSchema).optional(),
});
export type Plan = z.infer<typeof planSchema>;

/** Tokens of one split that a partition leaves for the last shard. */
export const splitTailSchema = z.strictObject({
  /** The partition's file under documents/; null when no document begins in the shard. */
  documents: documentFileEntrySchema.nullable(),
  /** Base64 of the token ids, little-endian uint16. */
  ids: z.string(),
  /**
   * Each piece of a document in the tail; the first piece may continue a document of the shard.
   */
  pieces: z.array(z.strictObject({ docId: count, start: count })),
  /** The documents that begin in the tail; `shard`, `row` and `offset` are not known yet. */
  rows: z.array(
    documentRowSchema
      .omit({ shard: true, row: true, offset: true, columns: true })
      // As in the plan: JSON has no bigint.
      .extend({ values: z.array(rawValueSchema).optional() }),
  ),
});
export type SplitTail = z.infer<typeof splitTailSchema>;

/** tails/part-00000.json: the tails of a partition, with what finalize needs to know about it. */
export const tailSchema = z.strictObject({
  tokenizerHash: sha256,
  train: splitTailSchema,
  val: splitTailSchema,
});
export type Tail = z.infer<typeof tailSchema>;

/** plan/retry-00001.json: failed inputs that are run again, frozen like the plan. */
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
  /**
   * Number in the names of the shards that hold the tails of this round; it follows those of its
   * partitions.
   */
  tailIndex: count,
});
export type RetryRound = z.infer<typeof retryRoundSchema>;

/** plan/extend-00002.json: inputs that were added to a complete dataset, frozen like the plan. */
export const extensionSchema = retryRoundSchema.extend({
  /** Its own sources; their numbers in the lists follow those of all sources before. */
  sources: z.array(z.string()).min(1),
  /** Id of its first input; it follows that of the last one before. */
  firstInput: count,
  inputs: count,
  /** sha256 of the lines of its lists, and of each list. */
  inputsHash: sha256,
  listHashes: z.array(sha256),
  listing: listingSchema,
  /** What curation decided; absent without curation, or as long as inputs are measured. */
  curated: curatedSchema.optional(),
  columns: z.array(plannedColumnSchema).optional(),
});
export type Extension = z.infer<typeof extensionSchema>;
