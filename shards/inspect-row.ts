/** One packed sequence: its documents, and each token with the bytes it stands for. */
import { CodecLmError } from '../schemas/error.ts';
import type { ByteBpe } from '../tokenizer/bpe/tokenizer.ts';
import type { Dataset } from './dataset.ts';
import { openShard } from './reader.ts';
import type { SequenceRow } from './rows.ts';

export interface RowView {
  file: string;
  /** Of the file. */
  row: number;
  documents: { docId: number; start: number; tokens: number }[];
  ids: number[];
  /** Hexadecimal bytes of each id, `<bos>` and the like in words; without a tokenizer null. */
  bytes: string[] | null;
}

/**
 * @param index of the row in the dataset: shards in the order of the manifest
 * @throws CodecLmError `USAGE` when there is no such row
 */
export async function viewDatasetRow(
  dataset: Dataset,
  index: number,
  bpe: ByteBpe,
): Promise<RowView> {
  let row = index;
  for (const entry of dataset.manifest.shards) {
    if (row < entry.rows) {
      const sequence = await dataset.pool.use(entry, (shard) => shard.readRow(row));
      return viewRow(sequence, entry.file, row, bpe);
    }
    row -= entry.rows;
  }
  throw noRow(index, index - row);
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
  return new CodecLmError('USAGE', `--row ${index}: there are ${rows} rows, counted from 0`);
}

function viewRow(
  { ids, docIds, docStarts }: SequenceRow,
  file: string,
  row: number,
  bpe?: ByteBpe,
): RowView {
  const documents = [...docIds].map((docId, i) => ({
    docId,
    start: docStarts[i],
    tokens: (docStarts[i + 1] ?? ids.length) - docStarts[i],
  }));
  const bytes = bpe ? [...ids].map((id) => tokenText(id, bpe)) : null;
  return { file, row, documents, ids: [...ids], bytes };
}

export function tokenText(id: number, bpe: ByteBpe): string {
  if (id === bpe.bosId) return '<bos>';
  if (id === bpe.eosId) return '<eos>';
  if (id === bpe.padId) return '<pad>';
  return Buffer.from(bpe.tokenBytes(id)).toString('hex');
}
