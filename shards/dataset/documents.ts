/**
 * documents/part-*.parquet: one row per document, in flat columns of integers and text, then the
 * columns that travel along, whose values may be missing.
 */
import type { ReadyPage } from 'parquetjs-lite';
import { CodecLmError } from '../../base/error.ts';
import { writePlace } from '../../base/storage/index.ts';
import type { Column, ColumnValue } from '../../schemas/columns.ts';
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
import { decodeNullable, decodeTexts, encodeNullable, encodeTexts } from './nullable.ts';

/** Rows per row group; a row group of documents has a few MB. */
const ROW_GROUP_ROWS = 65_536;
/** Characters of the columns that travel along, in a row group: pages have to fit into memory. */
const ROW_GROUP_TEXT = 2 ** 24;

/** Columns of these names are the document's own, not ones that travel along: fields of its row. */
const OWN_FIELDS = new Map([
  ['sha256', 'sha256'],
  ['clip_start', 'clipStart'],
] as const);

/** The field of a row that a column beside those of every dataset holds. */
function ownField(column: string): 'sha256' | 'clipStart' | undefined {
  return OWN_FIELDS.get(column as 'sha256' | 'clip_start');
}

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
    const { columns = [] } = header;
    const envelope = new EnvelopeWriter(output, documentSchema(columns));
    let group: DocumentRow[] = [];
    let text = 0;
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
      text += textIn(row);
      if (group.push(row) < ROW_GROUP_ROWS && text < ROW_GROUP_TEXT) continue;
      await envelope.writeRowGroup(group.length, encodeColumns(group, columns));
      group = [];
      text = 0;
    }
    if (group.length > 0) await envelope.writeRowGroup(group.length, encodeColumns(group, columns));
    await envelope.finish(() => ({ [METADATA_KEY]: JSON.stringify(header) }));
  });
  const { partition } = header;
  return { file: nameInDataset(path), partition, rows: count, firstDoc, lastDoc, ...file };
}

function textIn({ columns = {} }: DocumentRow): number {
  let sum = 0;
  for (const value of Object.values(columns)) if (typeof value === 'string') sum += value.length;
  return sum;
}

function encodeColumns(rows: DocumentRow[], columns: readonly Column[]): ColumnPages[] {
  const pagesOf = (path: string, body: Uint8Array): ColumnPages => {
    const page = dataPage('PLAIN', rows.length, body);
    const ready: ReadyPage = { page, num_values: rows.length, first_row_index: 0 };
    return { path, pages: [ready] };
  };
  const own = DOCUMENT_COLUMNS.map(({ path, field, kind }) =>
    pagesOf(
      path,
      kind === 'text'
        ? encodeTexts(rows.map((row) => row[field]))
        : viewBytes(Int32Array.from(rows, (row) => row[field])),
    ),
  );
  const further = columns.map(({ name, type }) => {
    const field = ownField(name);
    const values = rows.map((row) => (field ? row[field] : row.columns?.[name]) ?? null);
    return pagesOf(name, encodeNullable(values, type));
  });
  return [...own, ...further];
}

/**
 * All rows of a file in documents/; one row group is in memory at a time.
 * @throws CodecLmError `SHARD_INVALID`, `INPUT_NOT_FOUND`
 */
export async function* readDocuments(path: string): AsyncGenerator<DocumentRow> {
  const file = await ParquetFile.open(path, (keyValue) => documentSchema(columnsIn(keyValue)));
  try {
    const { columns = [] } = headerOf(file);
    for (const group of file.rowGroups) {
      yield* await file.guard(`row group at row ${group.firstRow}`, () =>
        readGroup(file, group, columns),
      );
    }
  } finally {
    await file.close();
  }
}

async function readGroup(
  file: ParquetFile,
  group: RowGroupPlace,
  columns: readonly Column[],
): Promise<DocumentRow[]> {
  if (group.rows > ROW_GROUP_ROWS) throw new RangeError(`${group.rows} rows`);
  const bodyOf = async (path: string) => {
    const chunk = group.columns.get(path);
    if (!chunk) throw new RangeError(`no column ${path}`);
    return readDataPage(await file.read(chunk.data.offset, chunk.data.length), 'PLAIN', group.rows);
  };
  const fields = new Map<string, (string | number)[]>();
  for (const { path, field, kind } of DOCUMENT_COLUMNS) {
    const body = await bodyOf(path);
    fields.set(field, kind === 'text' ? decodeTexts(body, group.rows) : integers(body, group.rows));
  }
  const own = new Map<string, (ColumnValue | undefined)[]>();
  const further = new Map<string, ColumnValue[]>();
  for (const { name, type } of columns) {
    const values = decodeNullable(await bodyOf(name), type, group.rows);
    const field = ownField(name);
    if (!field) further.set(name, values);
    // A field that may be absent has no null.
    else
      own.set(
        field,
        values.map((value) => value ?? undefined),
      );
  }
  return Array.from({ length: group.rows }, (_, i) => {
    const at = (all: ReadonlyMap<string, unknown[]>) =>
      Object.fromEntries([...all].map(([name, values]) => [name, values[i]]));
    return documentRowSchema.parse({
      ...at(fields),
      ...at(own),
      ...(further.size > 0 ? { columns: at(further) } : {}),
    });
  });
}

function integers(body: Buffer, rows: number): number[] {
  if (body.length !== rows * 4) throw new RangeError('integers cut short');
  return Array.from({ length: rows }, (_, i) => body.readInt32LE(i * 4));
}

function headerOf({ path, keyValue }: ParquetFile): DocumentHeader {
  try {
    return documentHeaderSchema.parse(JSON.parse(keyValue ?? ''));
  } catch (error) {
    throw shardError(path, 'it has no readable metadata of codec-lm of this version', error);
  }
}

/** The columns that the metadata of a file names; damaged metadata is reported when it is parsed. */
function columnsIn(keyValue: string | undefined): readonly Column[] {
  try {
    return documentHeaderSchema.parse(JSON.parse(keyValue ?? '')).columns ?? [];
  } catch {
    return [];
  }
}
