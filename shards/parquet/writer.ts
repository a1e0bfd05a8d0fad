/**
 * Writes packed sequences to a Parquet shard. Equal rows and metadata give equal bytes, independent
 * of time, machine and run.
 */
import { basename, dirname } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writePlace } from '../../base/storage/index.ts';
import {
  METADATA_KEY,
  type ShardCounts,
  type ShardHeader,
  type ShardMetadata,
  specialIds,
} from '../../schemas/dataset.ts';
import { surveyValues } from './bits.ts';
import { EnvelopeWriter } from './envelope.ts';
import { RowGroupEncoder } from './row-group.ts';
import { rowLayout, type SequenceRow, type ShardSummary } from './rows.ts';
import { sequenceSchema } from './schema.ts';

/** Largest document id: doc_ids is INT32. */
const MAX_DOC_ID = 2_147_483_647;

/**
 * Writes a whole shard. On an error there is no file at `path`.
 * @param path `DS/shards/part-00000.parquet`; its folder exists
 * @param rows each has exactly header.seqLen ids; do not change them until their row group (1 MB)
 * is written
 * @returns the shard's entry in the manifest
 * @throws CodecLmError `SHARD_INVALID` for a row that is not valid, `DISK_FULL`,
 * `OUTPUT_UNWRITABLE`
 */
export async function writeSequenceShard(
  path: string,
  rows: Iterable<SequenceRow> | AsyncIterable<SequenceRow>,
  header: ShardHeader,
): Promise<ShardSummary> {
  const { rowGroupRows } = rowLayout(header.seqLen);
  const counts: ShardCounts = {
    rows: 0,
    tokens: 0,
    padding: 0,
    documents: 0,
    firstDoc: null,
    lastDoc: null,
    rowGroupRows,
  };
  const file = await writePlace(path, async (output) => {
    const envelope = new EnvelopeWriter(output, sequenceSchema());
    const encoder = new RowGroupEncoder(header.seqLen, header.vocabSize);
    let group: SequenceRow[] = [];
    const writeGroup = async () => {
      await envelope.writeRowGroup(group.length, encoder.encode(group));
      group = [];
    };
    for await (const row of rows) {
      checkRow(row, counts.rows, header, path);
      countDocuments(counts, row);
      countTokens(counts, row, header, path);
      group.push(row);
      counts.rows++;
      if (group.length === rowGroupRows) await writeGroup();
    }
    if (group.length > 0) await writeGroup();
    await envelope.finish((contentHash) => {
      counts.contentHash = contentHash;
      const metadata: ShardMetadata = { ...header, counts };
      return { [METADATA_KEY]: JSON.stringify(metadata) };
    });
  });
  const { split, partition } = header;
  return { file: nameInDataset(path), split, partition, ...counts, ...file };
}

/**
 * Turns `…/DS/shards/part-00000.parquet` into `shards/part-00000.parquet`, the name in manifests.
 */
export function nameInDataset(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}

function checkRow(row: SequenceRow, index: number, header: ShardHeader, path: string): void {
  const problem = problemOf(row, header.seqLen);
  if (problem) throw rowError(path, index, problem);
}

function rowError(path: string, index: number, problem: string): CodecLmError {
  return new CodecLmError('SHARD_INVALID', `writing ${path}: row ${index}: ${problem}`, { path });
}

/** The reason why a reader could not read the row; undefined if it is valid. */
function problemOf(row: SequenceRow, seqLen: number): string | undefined {
  const { length } = row.ids;
  if (length !== seqLen) return `${length} tokens instead of ${seqLen}`;
  return problemOfDocuments(row, seqLen);
}

/** The same for the documents of a row, without its tokens. */
export function problemOfDocuments(
  { docIds, docStarts }: Omit<SequenceRow, 'ids'>,
  seqLen: number,
): string | undefined {
  if (docIds.length !== docStarts.length) {
    return `${docIds.length} document ids and ${docStarts.length} document starts`;
  }
  if (docIds.length === 0 || docStarts[0] !== 0)
    return 'no document begins or continues at token 0';
  for (let i = 0; i < docIds.length; i++) {
    const isAscending = i === 0 || (docIds[i] > docIds[i - 1] && docStarts[i] > docStarts[i - 1]);
    if (!isAscending || docIds[i] < 0 || docIds[i] > MAX_DOC_ID || docStarts[i] >= seqLen) {
      return `document ${docIds[i]} at token ${docStarts[i]} is out of order or out of the row`;
    }
  }
  return undefined;
}

function countDocuments(counts: ShardCounts, { docIds }: SequenceRow): void {
  counts.firstDoc = Math.min(counts.firstDoc ?? docIds[0], docIds[0]);
  counts.lastDoc = Math.max(counts.lastDoc ?? 0, docIds[docIds.length - 1]);
}

/** @throws CodecLmError for an id that is not in the vocabulary */
function countTokens(
  counts: ShardCounts,
  { ids }: SequenceRow,
  { vocabSize }: ShardHeader,
  path: string,
): void {
  const { bosId, padId } = specialIds(vocabSize);
  const { most, first: documents, second: padding } = surveyValues(ids, bosId, padId);
  if (most >= vocabSize) {
    const problem = `token id ${most} is not below the vocabulary size ${vocabSize}`;
    throw rowError(path, counts.rows, problem);
  }
  counts.padding += padding;
  counts.tokens += ids.length - padding;
  counts.documents += documents;
}
