/** Shows one packed sequence: its documents, and each token with the bytes that it stands for. */

import { CodecLmError } from '../../base/error.ts';
import { clipsIn } from '../../schemas/clips.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { findDocumentRow } from '../dataset/document-rows.ts';
import { readingsOf } from '../dataset/parts.ts';
import { joinSegments, type Segment } from '../dataset/segments.ts';
import type { DocumentViewer } from '../dataset/viewer.ts';
import { openShard } from '../parquet/reader.ts';
import type { SequenceRow } from '../parquet/rows.ts';

/** A document of a row. */
export interface RowDocument {
  docId: number;
  /** Index of its first token in the row, and number of its tokens there. */
  start: number;
  tokens: number;
  /** For a clip: where it begins in its video, in seconds, and the video. */
  clipStart?: number;
  source?: string;
}

export interface RowView {
  file: string;
  /** Row in the file. */
  row: number;
  documents: RowDocument[];
  ids: number[];
  /**
   * Bytes of each id in hexadecimal (numbers of symbols if the alphabet has more than 256); names
   * for `<bos>` and other special tokens. null without a tokenizer.
   */
  bytes: string[] | null;
  /**
   * The parts that the bytes of each id belong to, e.g. `MCU 3, RST3`; empty for special tokens and
   * in documents that are not canonical. null without a tokenizer.
   */
  readings: string[] | null;
}

/**
 * @param index index of the row in the dataset, whose shards are in the order of the manifest
 * @throws CodecLmError `USAGE` when there is no such row
 */
export async function viewDatasetRow(
  dataset: Dataset,
  index: number,
  viewer: DocumentViewer,
): Promise<RowView> {
  let row = index;
  for (const entry of dataset.manifest.shards) {
    if (row < entry.rows) {
      const sequence = await dataset.pool.use(entry, (shard) => shard.readRow(row));
      const view = viewRow(sequence, entry.file, row, viewer.tokenizer);
      const documents = await placedInVideos(dataset, view.documents);
      return { ...view, documents, readings: await readingsOfRow(dataset, view, viewer) };
    }
    row -= entry.rows;
  }
  throw noRow(index, index - row);
}

/** Adds where clips come from, in a dataset of several clips of a video. */
async function placedInVideos(
  dataset: Dataset,
  documents: readonly RowDocument[],
): Promise<RowDocument[]> {
  if (!clipsIn(dataset.manifest.config)) return [...documents];
  const rows = await Promise.all(documents.map(({ docId }) => findDocumentRow(dataset, docId)));
  return documents.map((document, i) => {
    const { clipStart, source } = rows[i] ?? {};
    return { ...document, clipStart, source };
  });
}

/**
 * A document may have begun in earlier rows, so it is read completely and the part in this row is
 * taken.
 */
async function readingsOfRow(
  dataset: Dataset,
  { file, row, documents, ids }: RowView,
  viewer: DocumentViewer,
): Promise<string[]> {
  const readings = new Array<string>(ids.length).fill('');
  for (const { docId, start } of documents) {
    const segments = await dataset.readSegments(docId);
    const here = segments.findIndex((segment) => segment.file === file && segment.row === row);
    const before = segments.slice(0, here).reduce((sum, segment) => sum + segment.ids.length, 0);
    const whole = readingsOfDocument(dataset, segments, viewer);
    const length = segments[here].ids.length;
    for (let i = 0; i < length; i++) readings[start + i] = whole[before + i] ?? '';
  }
  return readings;
}

function readingsOfDocument(
  { manifest }: Dataset,
  segments: Segment[],
  viewer: DocumentViewer,
): string[] {
  try {
    const ids = joinSegments(segments, manifest.vocabSize);
    return readingsOf(ids, viewer.tokenizer, viewer.codec.parts(viewer.symbolsOf(ids)));
  } catch (error) {
    if (error instanceof CodecLmError) return [];
    throw error;
  }
}

export async function viewShardRow(path: string, index: number): Promise<RowView> {
  const shard = await openShard(path);
  try {
    if (index >= shard.rowCount) throw noRow(index, shard.rowCount);
    return viewRow(await shard.readRow(index), path, index);
  } finally {
    await shard.close();
  }
}

function noRow(index: number, rows: number): CodecLmError {
  return new CodecLmError('USAGE', `\`row\` ${index}: there are ${rows} rows, counted from 0`);
}

function viewRow(
  { ids, docIds, docStarts }: SequenceRow,
  file: string,
  row: number,
  tokenizer?: Tokenizer,
): RowView {
  const documents = [...docIds].map((docId, i) => ({
    docId,
    start: docStarts[i],
    tokens: (docStarts[i + 1] ?? ids.length) - docStarts[i],
  }));
  const bytes = tokenizer ? [...ids].map((id) => tokenText(id, tokenizer)) : null;
  return { file, row, documents, ids: [...ids], bytes, readings: null };
}

export function tokenText(id: number, tokenizer: Tokenizer): string {
  if (id === tokenizer.bosId) return '<bos>';
  if (id === tokenizer.eosId) return '<eos>';
  if (id === tokenizer.padId) return '<pad>';
  const symbols = tokenizer.tokenSymbols(id);
  return symbols instanceof Uint8Array ? Buffer.from(symbols).toString('hex') : symbols.join(' ');
}
