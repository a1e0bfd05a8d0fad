/** Columns that travel with a dataset: captions and labels beside the inputs, kept in documents/. */
import { z } from 'zod';

const count = z.int().nonnegative();

export const COLUMN_TYPES = ['string', 'int64', 'double', 'boolean'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** Columns that documents/ has for itself. */
export const OWN_COLUMNS = [
  'doc_id',
  'source',
  'bytes',
  'tokens',
  'width',
  'height',
  'shard',
  'row',
  'offset',
  'sha256',
  'clip_start',
] as const;

/** A value as a list of inputs holds it; an int64 beyond the integers of JSON is its digits. */
export const rawValueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type RawValue = z.infer<typeof rawValueSchema>;

/** A value of its type; an int64 that a number cannot hold exactly is a bigint. */
export type ColumnValue = string | number | bigint | boolean | null;

/** A column as it was asked for. */
export const columnSpecSchema = z.strictObject({
  name: z.string().min(1),
  /** Its name in a table, or the extension of a member beside the picture: `txt`, `json.width`. */
  from: z.string().min(1),
  /** Absent where the values decide. */
  type: z.enum(COLUMN_TYPES).optional(),
});
export type ColumnSpec = z.infer<typeof columnSpecSchema>;

/** The part of a plan's configuration. */
export const columnsConfigSchema = z.strictObject({
  /** The column of tables that names the file; null where no source is a table. */
  path: z.string().nullable(),
  of: z.array(columnSpecSchema),
});
export type ColumnsConfig = z.infer<typeof columnsConfigSchema>;

/** A column of documents/, as its files describe it. */
export const columnSchema = z.strictObject({ name: z.string().min(1), type: z.enum(COLUMN_TYPES) });
export type Column = z.infer<typeof columnSchema>;

/** The same with the number of inputs without a value. */
export const plannedColumnSchema = columnSchema.extend({ missing: count });
export type PlannedColumn = z.infer<typeof plannedColumnSchema>;
