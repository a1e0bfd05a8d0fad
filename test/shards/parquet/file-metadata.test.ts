/** Our reader of thrift's compact protocol beside the one of parquetjs-lite. */
import test from 'ava';
import fc from 'fast-check';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import util from 'parquetjs-lite/lib/util.js';
import {
  readFileMetadata,
  readOffsetIndex,
  readPageHeader,
} from '../../../shards/parquet/file-metadata.ts';
import { readStruct } from '../../../shards/parquet/thrift.ts';

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const place = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const column = fc.record({
  path: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
  values: place,
  size: place,
  data: place,
  dictionary: fc.option(place, { nil: undefined }),
  index: fc.option(fc.record({ offset: place, length: int32 }), { nil: undefined }),
});
const file = fc.record({
  groups: fc.array(fc.record({ rows: place, columns: fc.array(column, { maxLength: 20 }) })),
  keyValues: fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([key]) => key }),
});

/** The footer as parquetjs-lite writes it. */
function write({ groups, keyValues }: typeof file extends fc.Arbitrary<infer T> ? T : never) {
  const types = thrift as unknown as Record<string, new () => Record<string, unknown>>;
  const make = (name: string, fields: object) => Object.assign(new types[name](), fields);
  const metadata = make('FileMetaData', {
    version: 1,
    schema: [make('SchemaElement', { name: 'root', num_children: 3 })],
    num_rows: groups.reduce((sum, { rows }) => sum + Math.min(rows, 2 ** 40), 0),
    row_groups: groups.map(({ rows, columns }) =>
      make('RowGroup', {
        num_rows: rows,
        total_byte_size: 0,
        columns: columns.map((c) =>
          make('ColumnChunk', {
            file_offset: 0,
            offset_index_offset: c.index?.offset,
            offset_index_length: c.index?.length,
            meta_data: make('ColumnMetaData', {
              type: 1,
              encodings: [0, 2],
              path_in_schema: c.path,
              codec: 0,
              num_values: c.values,
              total_uncompressed_size: c.size,
              total_compressed_size: c.size,
              data_page_offset: c.data,
              dictionary_page_offset: c.dictionary,
            }),
          }),
        ),
      }),
    ),
    key_value_metadata: keyValues.map(([key, value]) => make('KeyValue', { key, value })),
  });
  return util.serializeThrift(metadata);
}

test('what parquetjs-lite writes into a footer is read', (t) => {
  fc.assert(
    fc.property(file, (written) => {
      const found = readFileMetadata(write(written));
      t.is(found.version, 1);
      t.deepEqual(found.schema[0].children, 3);
      t.is(found.schema[0].name, 'root');
      const expected = written.groups.map(({ rows, columns }) => ({
        rows,
        columns: columns.map((c) => ({
          path: c.path.join('.'),
          codec: 0,
          values: c.values,
          size: c.size,
          data: c.data,
          dictionary: c.dictionary,
          offsetIndex: { offset: c.index?.offset, length: c.index?.length },
        })),
      }));
      t.deepEqual(found.groups, expected);
      t.deepEqual([...found.keyValues], written.keyValues);
    }),
  );
});

test('page headers and offset indices are read as parquetjs-lite reads them', (t) => {
  fc.assert(
    fc.property(int32, int32, int32, fc.boolean(), (size, crc, values, isDictionary) => {
      const header = new thrift.PageHeader();
      header.type = isDictionary ? 2 : 0;
      header.uncompressed_page_size = size;
      header.compressed_page_size = size;
      header.crc = crc;
      const own = isDictionary ? new thrift.DictionaryPageHeader() : new thrift.DataPageHeader();
      Object.assign(own, { num_values: values, encoding: 2, is_sorted: true });
      Object.assign(own, { definition_level_encoding: 3, repetition_level_encoding: 4 });
      Object.assign(header, {
        [isDictionary ? 'dictionary_page_header' : 'data_page_header']: own,
      });
      const bytes = Buffer.concat([Buffer.from('body'), util.serializeThrift(header)]);
      const found = readPageHeader(bytes, 4);
      t.is(found.body, bytes.length);
      t.like(found.header, {
        type: header.type,
        compressedSize: size,
        uncompressedSize: size,
        crc,
      });
      if (isDictionary) t.like(found.header.dictionary, { values, encoding: 2 });
      else t.like(found.header.data, { values, encoding: 2, definition: 3, repetition: 4 });
    }),
  );
  const index = new thrift.OffsetIndex();
  index.page_locations = [2 ** 33, 5].map((offset, i) => {
    const location = new thrift.PageLocation();
    return Object.assign(location, { offset, compressed_page_size: 7 + i, first_row_index: i });
  });
  t.deepEqual(readOffsetIndex(util.serializeThrift(index)), [
    { offset: 2 ** 33, length: 7, firstRow: 0 },
    { offset: 5, length: 8, firstRow: 1 },
  ]);
});

test('damaged bytes give an error, not a wait, and never a huge array', (t) => {
  const whole = write({
    groups: [
      {
        rows: 3,
        columns: [{ path: ['a'], values: 3, size: 4, data: 5, dictionary: 6, index: undefined }],
      },
    ],
    keyValues: [['key', 'value']],
  });
  for (let length = 0; length < whole.length; length++) {
    t.throws(() => readStruct(whole.subarray(0, length)), { instanceOf: RangeError });
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readStruct(Buffer.from(bytes));
      } catch (error) {
        return error instanceof RangeError;
      }
      return true;
    }),
  );
  // A list of 2^32 elements, structures without an end, a field number beyond all.
  const bad = [
    [0x19, 0xfc, 255, 255, 255, 255, 15],
    new Array(5000).fill(0x1c),
    [0x05, 254, 254, 7],
  ];
  for (const bytes of bad) {
    t.throws(() => readStruct(Buffer.from(bytes)), { instanceOf: RangeError });
  }
});
