/** documents/part-*.parquet: one row per document, in flat columns of integers and text. */
import type { ReadyPage } from 'parquetjs-lite';
import { CodecLmError } from '../../base/error.ts';
import { writePlace } from '../../base/storage/index.ts';
import {
  type DocumentFileEntry,
  type DocumentHeader,
  type DocumentRow,
  documentHeaderSchema,
  documentRowSchema,
  METADATA_KEY,
} from '../../schemas/dataset.ts';
import { type ColumnPages, EnvelopeWriter } from '../parquet/envelope.ts';
import { ParquetFile, type RowGroupPlace, shardError } from '../parquet/footer.ts';
import { dataPage, readDataPage, viewBytes } from '../parquet/pages.ts';
import { DOCUMENT_COLUMNS, documentSchema } from '../parquet/schema.ts';
import { nameInDataset } from '../parquet/writer.ts';

/** Rows per row group; a row group of documents has a few MB. */
const ROW_GROUP_ROWS = 65_536;

/**
 * @param path `DS/documents/part-00000.parquet`; its folder exists
 * @param rows ascending by docId
 * @returns the file's entry in the manifest
 * @throws CodecLmError `SHARD_INVALID` for a row out of order or out of range, `DISK_FULL` …
 */
export async function writeDocumentShard(
  path: string,
  rows: Iterable<DocumentRow> | AsyncIterable<DocumentRow>,
  header: DocumentHeader,
): Promise<DocumentFileEntry> {
  let count = 0;
  let firstDoc: number | null = null;
  let lastDoc: number | null = null;
  const file = await writePlace(path, async (output) => {
    const envelope = new EnvelopeWriter(output, documentSchema());
    let group: DocumentRow[] = [];
    for await (const row of rows) {
      const problem = documentRowSchema.safeParse(row).error?.issues[0];
      if (problem || (lastDoc !== null && row.docId <= lastDoc)) {
        const what = problem ? `${problem.path.join('.')}: ${problem.message}` : 'out of order';
        const message = `writing ${path}: document ${row.docId}: ${what}`;
        throw new CodecLmError('SHARD_INVALID', message, { path });
      }
      firstDoc ??= row.docId;
      lastDoc = row.docId;
      count++;
      if (group.push(row) < ROW_GROUP_ROWS) continue;
      await envelope.writeRowGroup(group.length, encodeColumns(group));
      group = [];
    }
    if (group.length > 0) await envelope.writeRowGroup(group.length, encodeColumns(group));
    await envelope.finish(() => ({ [METADATA_KEY]: JSON.stringify(header) }));
  });
  const { partition } = header;
  return { file: nameInDataset(path), partition, rows: count, firstDoc, lastDoc, ...file };
}

function encodeColumns(rows: DocumentRow[]): ColumnPages[] {
  return DOCUMENT_COLUMNS.map(({ path, field, kind }) => {
    const body =
      kind === 'text'
        ? encodeTexts(rows.map((row) => row[field]))
        : viewBytes(Int32Array.from(rows, (row) => row[field]));
    const page = dataPage('PLAIN', rows.length, body);
    const ready: ReadyPage = { page, num_values: rows.length, first_row_index: 0 };
    return { path, pages: [ready] };
  });
}

/** BYTE_ARRAY in PLAIN encoding: each text has its length before it. */
function encodeTexts(texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/**
 * All rows of a file in documents/; one row group is in memory at a time.
 * @throws CodecLmError `SHARD_INVALID`, `INPUT_NOT_FOUND`
 */
export async function* readDocuments(path: string): AsyncGenerator<DocumentRow> {
  const file = await ParquetFile.open(path, documentSchema());
  try {
    checkHeader(file);
    for (const group of file.rowGroups) {
      yield* await file.guard(`row group at row ${group.firstRow}`, () => readGroup(file, group));
    }
  } finally {
    await file.close();
  }
}

async function readGroup(file: ParquetFile, group: RowGroupPlace): Promise<DocumentRow[]> {
  if (group.rows > ROW_GROUP_ROWS) throw new RangeError(`${group.rows} rows`);
  const fields = new Map<string, (string | number)[]>();
  for (const { path, field, kind } of DOCUMENT_COLUMNS) {
    const chunk = group.columns.get(path);
    if (!chunk) throw new RangeError(`no column ${path}`);
    const page = await file.read(chunk.data.offset, chunk.data.length);
    const body = readDataPage(page, 'PLAIN', group.rows);
    fields.set(field, kind === 'text' ? texts(body, group.rows) : integers(body, group.rows));
  }
  return Array.from({ length: group.rows }, (_, i) => {
    const row = Object.fromEntries([...fields].map(([field, values]) => [field, values[i]]));
    return documentRowSchema.parse(row);
  });
}

function integers(body: Buffer, rows: number): number[] {
  if (body.length !== rows * 4) throw new RangeError('integers cut short');
  return Array.from({ length: rows }, (_, i) => body.readInt32LE(i * 4));
}

function texts(body: Buffer, rows: number): string[] {
  let at = 0;
  const found = Array.from({ length: rows }, () => {
    const start = at + 4;
    at = start + body.readUInt32LE(at);
    if (at > body.length) throw new RangeError('text cut short');
    return body.toString('utf8', start, at);
  });
  if (at !== body.length) throw new RangeError('bytes behind the last text');
  return found;
}

function checkHeader({ path, keyValue }: ParquetFile): void {
  try {
    documentHeaderSchema.parse(JSON.parse(keyValue ?? ''));
  } catch (error) {
    throw shardError(path, 'it has no readable metadata of codec-lm of this version', error);
  }
}
