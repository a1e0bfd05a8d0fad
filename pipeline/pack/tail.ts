/** Tails: tokens of each partition that did not fill a sequence, kept for the last shard. */

import { CodecLmError } from '../../base/error.ts';
import type { DocumentFileEntry, DocumentRow } from '../../schemas/dataset.ts';
import { type SplitTail, type Tail, tailSchema } from '../../schemas/plan.ts';
import type { SequenceRow } from '../../shards/index.ts';
import { paths, readJson } from '../files.ts';
import { documentRow, type Extras, type RowOf } from './extras.ts';
import { Packer, type Rest } from './pack.ts';

/** @param rows the documents that begin in the tail, in order */
export function tailOf(
  { ids, docIds, docStarts }: Rest,
  rows: readonly RowOf[],
  documents: DocumentFileEntry | null,
): SplitTail {
  return {
    documents,
    ids: Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString('base64'),
    pieces: docIds.map((docId, i) => ({ docId, start: docStarts[i] })),
    // Their places are known when the tails are packed.
    rows: rows.map(({ shard: _, row: __, offset: ___, values, ...row }) => ({
      ...row,
      ...(values ? { values: [...values] } : {}),
    })),
  };
}

/** @throws CodecLmError `DATASET_INVALID` when the tail is missing or damaged */
export async function readTail(out: string, name: string): Promise<Tail> {
  const path = paths.tail(out, name);
  const tail = await readJson(path, tailSchema);
  if (tail) return tail;
  throw new CodecLmError('DATASET_INVALID', `${path} is missing`, {
    path,
    hint: `remove the stats of ${name} and run again: the partition is then made again`,
  });
}

type Packed = { row: SequenceRow } | { document: RowOf };

/**
 * Packs tails into the last shard as they arrive.
 * @param shard name of the shard's file, as documents record it
 * @yields sequences, the last one padded, and the documents that begin in them, in order
 */
export async function* packTails(
  tails: AsyncIterable<SplitTail>,
  seqLen: number,
  padId: number,
  shard: string,
): AsyncGenerator<Packed> {
  const packer = new Packer(seqLen);
  for await (const { ids, pieces, rows } of tails) {
    const bytes = Buffer.from(ids, 'base64');
    const tokens = Uint16Array.from({ length: bytes.length / 2 }, (_, i) =>
      bytes.readUInt16LE(i * 2),
    );
    const begins = new Map(rows.map((row) => [row.docId, row]));
    for (const [i, { docId, start }] of pieces.entries()) {
      const document = begins.get(docId);
      if (document) yield { document: { ...document, shard, ...packer.place } };
      for (const row of packer.append(docId, tokens.subarray(start, pieces[i + 1]?.start))) {
        yield { row };
      }
    }
  }
  const row = packer.padded(padId);
  if (row) yield { row };
}

export async function* rowsOf(packed: AsyncIterable<Packed>): AsyncGenerator<SequenceRow> {
  for await (const item of packed) if ('row' in item) yield item.row;
}

export async function* documentsOf(
  packed: AsyncIterable<Packed>,
  extras: Extras,
): AsyncGenerator<DocumentRow> {
  for await (const item of packed) {
    if ('document' in item) yield documentRow(item.document, extras);
  }
}
