/** The columns of the two kinds of Parquet files in a dataset. */
import parquet, { type ParquetSchema } from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import type { Column } from '../../schemas/columns.ts';
import type { SchemaElement } from './file-metadata.ts';

/**
 * The standard three-level LIST, with all levels required: pandas and others read it as lists of
 * integers.
 */
function list(type: 'UINT_16' | 'INT_32') {
  const element = { type, statistics: false };
  return { type: 'LIST', fields: { list: { repeated: true, fields: { element } } } };
}

export const SEQUENCE_COLUMNS = {
  ids: 'input_ids.list.element',
  docIds: 'doc_ids.list.element',
  docStarts: 'doc_starts.list.element',
} as const;

/** Columns of documents/, in file order; each is a field of DocumentRow. */
export const DOCUMENT_COLUMNS = [
  { path: 'doc_id', field: 'docId', kind: 'integer' },
  { path: 'source', field: 'source', kind: 'text' },
  { path: 'bytes', field: 'bytes', kind: 'integer' },
  { path: 'tokens', field: 'tokens', kind: 'integer' },
  { path: 'width', field: 'width', kind: 'integer' },
  { path: 'height', field: 'height', kind: 'integer' },
  { path: 'shard', field: 'shard', kind: 'text' },
  { path: 'row', field: 'row', kind: 'integer' },
  { path: 'offset', field: 'offset', kind: 'integer' },
] as const;

/**
 * Makes a new schema for each file, because parquetjs-lite writes into the definition that it is
 * given.
 */
export function sequenceSchema(): ParquetSchema {
  return new parquet.ParquetSchema({
    input_ids: list('UINT_16'),
    doc_ids: list('INT_32'),
    doc_starts: list('INT_32'),
  });
}

/** @param columns further columns, whose values may be missing */
export function documentSchema(columns: readonly Column[] = []): ParquetSchema {
  const own = DOCUMENT_COLUMNS.map(({ path, kind }) => [
    path,
    { type: kind === 'text' ? 'UTF8' : 'INT_32', statistics: false },
  ]);
  const further = columns.map(({ name, type }) => [
    name,
    { type: PARQUET_TYPES[type], optional: true, statistics: false },
  ]);
  return new parquet.ParquetSchema(Object.fromEntries([...own, ...further]));
}

const PARQUET_TYPES = { string: 'UTF8', int64: 'INT64', double: 'DOUBLE', boolean: 'BOOLEAN' };

/**
 * Whether the schema in a footer is exactly the one that this project writes: names, types,
 * nesting.
 */
export function isSchema(elements: SchemaElement[], schema: ParquetSchema): boolean {
  const found = elements
    .slice(1)
    .map((e) => [e.name, e.type, e.convertedType, e.repetition, e.children].map((v) => v ?? '-'));
  const wanted = schema.fieldList.map((field) =>
    [
      field.name,
      field.isNested ? null : thrift.Type[field.primitiveType!],
      field.originalType ? thrift.ConvertedType[field.originalType] : null,
      thrift.FieldRepetitionType[field.repetitionType],
      field.isNested ? field.fieldCount : null,
    ].map((v) => v ?? '-'),
  );
  return JSON.stringify(found) === JSON.stringify(wanted);
}
