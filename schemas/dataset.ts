/**
 * Every file of a dataset directory that is JSON, and the key-value metadata of
 * its shards. One schema each: validation and the types come from here.
 */
import { z } from 'zod';

/** Raised when a reader of the old form would misread the new one. */
export const FORMAT_VERSION = 1;

/** Key of the Parquet key-value metadata that holds {@link ShardMetadata} as JSON. */
export const METADATA_KEY = 'codec_lm';

/** input_ids are UINT_16, so ids end at 65,535. */
export const MAX_VOCAB_SIZE = 65_536;

/** A row must fit a page that a reader may hold in memory. */
export const MAX_SEQ_LEN = 16_777_216;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
/** Relative to the dataset directory and never out of it: a manifest may come from elsewhere. */
const file = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]+\/[A-Za-z0-9_-][A-Za-z0-9._-]*$/,
    'must be folder/name inside the dataset',
  );

export const splitSchema = z.enum(['train', 'val']);
export type Split = z.infer<typeof splitSchema>;

export const codecInfoSchema = z.strictObject({
  /** Which codecs there are, the registry knows: others may be registered by who uses this library. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be the name of a codec'),
  /** Everything the canonical bytes depend on. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Versions of the libraries that encoded. */
  versions: z.record(z.string(), z.string()),
});
export type CodecInfo = z.infer<typeof codecInfoSchema>;

/** What a shard has to know to be read alone, given by its writer. */
export const shardHeaderSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  codec: codecInfoSchema,
  /** sha256 of tokenizer.json. */
  tokenizerHash: sha256,
  /** Bytes (or other symbols), merges, then bos, eos and pad as the last three ids. */
  vocabSize: z.int().min(4).max(MAX_VOCAB_SIZE),
  /** Tokens a row, exactly. */
  seqLen: z.int().positive().max(MAX_SEQ_LEN),
  split: splitSchema,
  /** The partition that filled it; null for the shard that holds the tails of all partitions. */
  partition: count.nullable(),
});
export type ShardHeader = z.infer<typeof shardHeaderSchema>;

/** What the writer counted. */
export const shardCountsSchema = z.strictObject({
  rows: count,
  /** Tokens that are not padding. */
  tokens: count,
  padding: count,
  /** Documents that begin in this shard. */
  documents: count,
  /** Smallest and largest document id of which the shard holds a token; null when it has no row. */
  firstDoc: count.nullable(),
  lastDoc: count.nullable(),
  /** Rows of every row group but the last. */
  rowGroupRows: z.int().positive(),
  /**
   * sha256 of all pages. Stands in the footer and in the manifest: a shard of other content is known
   * when it is opened, before a page is read. Shards written before there was one have none.
   */
  contentHash: sha256.optional(),
});
export type ShardCounts = z.infer<typeof shardCountsSchema>;

/** The JSON under {@link METADATA_KEY} in each file of shards/. */
export const shardMetadataSchema = shardHeaderSchema.extend({ counts: shardCountsSchema });
export type ShardMetadata = z.infer<typeof shardMetadataSchema>;

/** One file of shards/ in the manifest. */
export const shardEntrySchema = shardCountsSchema.extend({
  /** `shards/part-00000.parquet` */
  file,
  split: splitSchema,
  partition: count.nullable(),
  /** Size of the file. */
  bytes: count,
  sha256,
});
export type ShardEntry = z.infer<typeof shardEntrySchema>;

/** One row of documents/part-*.parquet: where a document came from and where it lies. */
export const documentRowSchema = z.strictObject({
  /** Index of the document in the dataset: ascending, gaps where an input failed. */
  docId: z.int().nonnegative().max(2_147_483_647),
  /** The input as the plan names it. */
  source: z.string(),
  /** Canonical bytes; of an alphabet that is none of bytes, symbols. */
  bytes: z.int().nonnegative().max(2_147_483_647),
  /** Tokens, with <bos> and <eos>. */
  tokens: z.int().nonnegative().max(2_147_483_647),
  width: z.int().nonnegative().max(2_147_483_647),
  height: z.int().nonnegative().max(2_147_483_647),
  /** File name in shards/ of the row that holds <bos>, e.g. `part-00000.parquet`. */
  shard: z.string(),
  /** Row of that shard, and index of <bos> in it. */
  row: z.int().nonnegative().max(2_147_483_647),
  offset: z.int().nonnegative().max(2_147_483_647),
});
export type DocumentRow = z.infer<typeof documentRowSchema>;

/** The JSON under {@link METADATA_KEY} in each file of documents/. */
export const documentHeaderSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  partition: count.nullable(),
});
export type DocumentHeader = z.infer<typeof documentHeaderSchema>;

/** One file of documents/ in the manifest. */
export const documentFileEntrySchema = z.strictObject({
  /** `documents/part-00000.parquet` */
  file,
  partition: count.nullable(),
  rows: count,
  firstDoc: count.nullable(),
  lastDoc: count.nullable(),
  bytes: count,
  sha256,
});
export type DocumentFileEntry = z.infer<typeof documentFileEntrySchema>;

/** The dataset card, in the folder of the dataset. */
export const CARD_FILE = 'README.md';

export const cardEntrySchema = z.strictObject({ bytes: count, sha256 });
export type CardEntry = z.infer<typeof cardEntrySchema>;

export const totalsSchema = z.strictObject({
  /** Inputs of the plan = documents + failures. */
  inputs: count,
  documents: count,
  failures: count,
  /** Error code -> inputs that failed with it. */
  failuresByCode: z.record(z.string(), count),
  /**
   * Folders, archives and members of the sources that could not be read, or not to their end: so many
   * times the dataset lacks inputs that nobody counted. Absent when there are none.
   */
  unread: count.optional(),
  /** Canonical bytes (or symbols) of all documents. */
  documentBytes: count,
  /** Tokens that are not padding, and padding. */
  tokens: count,
  padding: count,
  rows: count,
  /** Size of all files of shards/. */
  shardBytes: count,
});
export type Totals = z.infer<typeof totalsSchema>;

/** dataset.json: written last, so its presence means that the dataset is complete. */
export const manifestSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  /** Name and version of the program that wrote it. */
  createdBy: z.string(),
  codec: codecInfoSchema,
  tokenizerHash: sha256,
  vocabSize: shardHeaderSchema.shape.vocabSize,
  seqLen: shardHeaderSchema.shape.seqLen,
  /** Number of partitions of the plan. */
  partitions: count,
  /** The options of the pipeline that decide the content, as the run resolved them. */
  config: z.record(z.string(), z.unknown()),
  /** Partition order, then the shard of the tails; train before val. */
  shards: z.array(shardEntrySchema),
  documents: z.array(documentFileEntrySchema),
  /** README.md; datasets written before there was one have none. */
  card: cardEntrySchema.optional(),
  totals: totalsSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

/** dataset.json as it lies on the disk. */
export const manifestFileSchema = manifestSchema.extend({
  /** sha256 of the JSON of everything else; manifests written before there was one have none. */
  digest: sha256.optional(),
});

/** stats/part-00000.json: written last of a partition, its presence marks it complete. */
export const partitionStatsSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  partition: count,
  inputs: count,
  documents: count,
  failures: count,
  failuresByCode: z.record(z.string(), count),
  /** Bytes read of the sources, and canonical bytes (or symbols) of the documents. */
  sourceBytes: count,
  documentBytes: count,
  /** Tokens of all documents of the partition, the tail included. */
  tokens: count,
  /** Tokens that did not fill a row and go to the last shard. */
  tailTokens: count,
  /** Seconds of each stage, e.g. {read, encode, tokenize, write, total}. */
  seconds: z.record(z.string(), z.number().nonnegative()),
  /** What the partition wrote; a split without a full row wrote no shard. */
  shards: z.array(shardEntrySchema),
});
export type PartitionStats = z.infer<typeof partitionStatsSchema>;

/** A line of failures/part-00000.jsonl. */
export const failureSchema = z.strictObject({
  /** Index of the input in the plan. */
  input: count,
  source: z.string(),
  /** An ErrorCode. */
  code: z.string(),
  message: z.string(),
});
export type Failure = z.infer<typeof failureSchema>;

/** The last three ids of every vocabulary of ours. */
export function specialIds(vocabSize: number): { bosId: number; eosId: number; padId: number } {
  return { bosId: vocabSize - 3, eosId: vocabSize - 2, padId: vocabSize - 1 };
}
