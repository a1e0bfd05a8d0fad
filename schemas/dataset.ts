/**
 * Every JSON file of a dataset directory, and the key-value metadata of its shards. Each has one
 * schema, which gives the validation and the type.
 */
import { z } from 'zod';
import { columnSchema, plannedColumnSchema } from './columns.ts';
import { filteredByReasonSchema } from './curation.ts';

/** Increased when a reader of the old format would misread the new one. */
export const FORMAT_VERSION = 1;

/** Key of the Parquet key-value metadata that holds {@link ShardMetadata} as JSON. */
export const METADATA_KEY = 'codec_lm';

/** input_ids are UINT_16, so the largest id is 65,535. */
const MAX_VOCAB_SIZE = 65_536;

/** A row must fit into one page, which a reader holds in memory. */
export const MAX_SEQ_LEN = 16_777_216;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
/**
 * Path relative to the dataset directory. It cannot lead out of it, because a manifest may come
 * from elsewhere.
 */
const file = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]+\/[A-Za-z0-9_-][A-Za-z0-9._-]*$/,
    'must be folder/name inside the dataset',
  );

export const splitSchema = z.enum(['train', 'val']);
export type Split = z.infer<typeof splitSchema>;

export const codecInfoSchema = z.strictObject({
  /** The registry knows which codecs exist; a user of the library may register others. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be the name of a codec'),
  /** All settings that the canonical bytes depend on. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Versions of the encoding libraries. */
  versions: z.record(z.string(), z.string()),
});
export type CodecInfo = z.infer<typeof codecInfoSchema>;

/** Facts that a reader of a single shard needs; the writer gets them from its caller. */
export const shardHeaderSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  codec: codecInfoSchema,
  /** sha256 of tokenizer.json. */
  tokenizerHash: sha256,
  /** Number of ids: bytes (or other symbols), merges, then bos, eos and pad as the last three. */
  vocabSize: z.int().min(4).max(MAX_VOCAB_SIZE),
  /** Tokens per row, always exactly this many. */
  seqLen: z.int().positive().max(MAX_SEQ_LEN),
  split: splitSchema,
  /**
   * The partition that filled the shard; null for the shard that holds the tails of all partitions.
   */
  partition: count.nullable(),
});
export type ShardHeader = z.infer<typeof shardHeaderSchema>;

/** Facts that the writer counts. */
export const shardCountsSchema = z.strictObject({
  rows: count,
  /** Tokens without padding. */
  tokens: count,
  padding: count,
  /** Documents that begin in this shard. */
  documents: count,
  /** Smallest and largest document id with a token in the shard; null when it has no row. */
  firstDoc: count.nullable(),
  lastDoc: count.nullable(),
  /** Rows per row group; the last group may have fewer. */
  rowGroupRows: z.int().positive(),
  /**
   * sha256 of all pages, stored in the footer and in the manifest. It shows that a shard has other
   * content when it is opened, before any page is read. Shards of early versions lack it.
   */
  contentHash: sha256.optional(),
});
export type ShardCounts = z.infer<typeof shardCountsSchema>;

/** The JSON under {@link METADATA_KEY} in each file of shards/. */
export const shardMetadataSchema = shardHeaderSchema.extend({ counts: shardCountsSchema });
export type ShardMetadata = z.infer<typeof shardMetadataSchema>;

/** One file of shards/ in the manifest. */
export const shardEntrySchema = shardCountsSchema.extend({
  /** A path such as `shards/part-00000.parquet`. */
  file,
  split: splitSchema,
  partition: count.nullable(),
  /** Size of the file in bytes. */
  bytes: count,
  sha256,
});
export type ShardEntry = z.infer<typeof shardEntrySchema>;

/** One row of documents/part-*.parquet: the source of a document and its place in the shards. */
export const documentRowSchema = z.strictObject({
  /** Index of the document in the dataset: ascending, with gaps where an input failed. */
  docId: z.int().nonnegative().max(2_147_483_647),
  /** The input, named as in the plan. */
  source: z.string(),
  /** Number of canonical bytes, or of symbols if the alphabet is not bytes. */
  bytes: z.int().nonnegative().max(2_147_483_647),
  /** Number of tokens, including <bos> and <eos>. */
  tokens: z.int().nonnegative().max(2_147_483_647),
  width: z.int().nonnegative().max(2_147_483_647),
  height: z.int().nonnegative().max(2_147_483_647),
  /** Name of the file in shards/ whose row holds <bos>, e.g. `part-00000.parquet`. */
  shard: z.string(),
  /** Row in that shard, and index of <bos> in the row. */
  row: z.int().nonnegative().max(2_147_483_647),
  offset: z.int().nonnegative().max(2_147_483_647),
  /** sha256 of the file it was made of; only where duplicates are left out. */
  sha256: sha256.optional(),
  /** Seconds from the beginning of its video; only where a video may give several documents. */
  clipStart: z.number().nonnegative().optional(),
  /** Values of the columns that travel along, by name. */
  columns: z
    .record(z.string(), z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null()]))
    .optional(),
});
export type DocumentRow = z.infer<typeof documentRowSchema>;

/** The JSON under {@link METADATA_KEY} in each file of documents/. */
export const documentHeaderSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  partition: count.nullable(),
  /** Columns beside those of every dataset, in their order; absent when there are none. */
  columns: z.array(columnSchema).min(1).optional(),
});
export type DocumentHeader = z.infer<typeof documentHeaderSchema>;

/** One file of documents/ in the manifest. */
export const documentFileEntrySchema = z.strictObject({
  /** A path such as `documents/part-00000.parquet`. */
  file,
  partition: count.nullable(),
  rows: count,
  firstDoc: count.nullable(),
  lastDoc: count.nullable(),
  bytes: count,
  sha256,
});
export type DocumentFileEntry = z.infer<typeof documentFileEntrySchema>;

/** Name of the dataset card in the dataset folder. */
export const CARD_FILE = 'README.md';

export const cardEntrySchema = z.strictObject({ bytes: count, sha256 });
export type CardEntry = z.infer<typeof cardEntrySchema>;

const totalsSchema = z.strictObject({
  /** Inputs of the plan; the sum of documents, failures and those that were left out. */
  inputs: count,
  documents: count,
  failures: count,
  /** Error code -> inputs that failed with it. */
  failuresByCode: z.record(z.string(), count),
  /** Reason -> inputs that curation left out; absent when there are none. */
  filteredByReason: filteredByReasonSchema.optional(),
  /**
   * Number of source folders, archives and archive members that could not be read completely. The
   * dataset lacks their inputs, which nobody could count. Absent when there are none.
   */
  unread: count.optional(),
  /** Canonical bytes (or symbols) of all documents. */
  documentBytes: count,
  /** Tokens without padding, and padding tokens. */
  tokens: count,
  padding: count,
  rows: count,
  /** Total size of the files in shards/, in bytes. */
  shardBytes: count,
});
export type Totals = z.infer<typeof totalsSchema>;

/** dataset.json: written last, so its presence means that the dataset is complete. */
export const manifestSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  /** Name and version of the program that wrote the dataset. */
  createdBy: z.string(),
  codec: codecInfoSchema,
  tokenizerHash: sha256,
  vocabSize: shardHeaderSchema.shape.vocabSize,
  seqLen: shardHeaderSchema.shape.seqLen,
  /** Number of partitions of the plan. */
  partitions: count,
  /** The pipeline options that decide the content, with their resolved values. */
  config: z.record(z.string(), z.unknown()),
  /** In partition order, then the shard of the tails; train before val. */
  shards: z.array(shardEntrySchema),
  documents: z.array(documentFileEntrySchema),
  /** The card README.md; datasets of early versions lack it. */
  card: cardEntrySchema.optional(),
  /** The columns that travel along with the documents; absent when there are none. */
  columns: z.array(plannedColumnSchema).optional(),
  totals: totalsSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

/** dataset.json as it is stored on disk. */
export const manifestFileSchema = manifestSchema.extend({
  /** sha256 of the JSON of all other fields; manifests of early versions lack it. */
  digest: sha256.optional(),
});

/**
 * stats/part-00000.json: the last file that a partition writes, so its presence marks the partition
 * complete.
 */
export const partitionStatsSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  partition: count,
  inputs: count,
  documents: count,
  failures: count,
  failuresByCode: z.record(z.string(), count),
  /** Reason -> inputs that curation left out; absent when there are none. */
  filteredByReason: filteredByReasonSchema.optional(),
  /** Bytes read from the sources, and canonical bytes (or symbols) of the documents. */
  sourceBytes: count,
  documentBytes: count,
  /** Tokens of all documents of the partition, including the tail. */
  tokens: count,
  /** Tokens that did not fill a row; they go to the last shard. */
  tailTokens: count,
  /** Seconds per stage, e.g. {read, encode, tokenize, write, total}. */
  seconds: z.record(z.string(), z.number().nonnegative()),
  /** Shards that the partition wrote; a split without a full row writes none. */
  shards: z.array(shardEntrySchema),
});
export type PartitionStats = z.infer<typeof partitionStatsSchema>;

/** A line of failures/part-00000.jsonl. */
export const failureSchema = z.strictObject({
  /** Index of the input in the plan. */
  input: count,
  source: z.string(),
  /** One of the ErrorCode values. */
  code: z.string(),
  message: z.string(),
});
export type Failure = z.infer<typeof failureSchema>;

/** bos, eos and pad: the last three ids of every vocabulary that this project makes. */
export function specialIds(vocabSize: number): { bosId: number; eosId: number; padId: number } {
  return { bosId: vocabSize - 3, eosId: vocabSize - 2, padId: vocabSize - 1 };
}
