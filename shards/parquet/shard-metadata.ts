/** What a shard says about itself in its footer. */
import { CodecLmError } from '../../base/error.ts';
import { FORMAT_VERSION, type ShardMetadata, shardMetadataSchema } from '../../schemas/dataset.ts';
import { type ParquetFile, shardError } from './footer.ts';
import { rowLayout } from './rows.ts';
import { SEQUENCE_COLUMNS } from './schema.ts';

/** @throws CodecLmError `SHARD_INVALID` when there is none that this version reads */
export function parseMetadata({ path, keyValue }: ParquetFile): ShardMetadata {
  let value: unknown;
  try {
    value = JSON.parse(keyValue ?? '');
  } catch (error) {
    throw shardError(path, 'it has no readable metadata of codec-lm', error);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new CodecLmError(
      'SHARD_INVALID',
      `${path}: format version ${version}, this program knows up to ${FORMAT_VERSION}`,
      { path, hint: 'update codec-lm' },
    );
  }
  const result = shardMetadataSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw shardError(path, `metadata: ${issue.path.join('.')}: ${issue.message}`, result.error);
}

/**
 * Checks that footer and metadata agree; they were written together, so if they differ one is
 * damaged.
 */
export function checkShape(file: ParquetFile, { seqLen, counts }: ShardMetadata): void {
  const { rowGroupRows } = rowLayout(seqLen);
  if (counts.rows !== file.rowCount || counts.rowGroupRows !== rowGroupRows) {
    throw shardError(file.path, `${file.rowCount} rows; its metadata says ${counts.rows}`);
  }
  for (const [i, group] of file.rowGroups.entries()) {
    const isLast = i === file.rowGroups.length - 1;
    const rows = isLast ? file.rowCount - i * rowGroupRows : rowGroupRows;
    const isComplete = Object.values(SEQUENCE_COLUMNS).every((path) => group.columns.has(path));
    const values = group.columns.get(SEQUENCE_COLUMNS.ids)?.values;
    if (group.rows !== rows || rows < 1 || !isComplete || values !== rows * seqLen) {
      throw shardError(file.path, `row group ${i} does not have ${rows} rows of ${seqLen} tokens`);
    }
  }
}
