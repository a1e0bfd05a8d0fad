/**
 * Converts typed arrays to Parquet pages and back: a thrift header with a checksum, then the body.
 * It uses v1 data pages without compression, because every reader knows them.
 */
import thrift, { type PageHeader } from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import util from 'parquetjs-lite/lib/util.js';
import { crc32 } from './crc32.ts';
import { type PageHeader as FoundHeader, readPageHeader } from './file-metadata.ts';

const { PLAIN, PLAIN_DICTIONARY, RLE } = thrift.Encoding;

/** Longest header in bytes; headers of this project take about 30 bytes. */
const MAX_PAGE_HEADER = 256;

export type PageEncoding = 'PLAIN' | 'PLAIN_DICTIONARY';

/** @param body levels and values, in this order */
export function dataPage(encoding: PageEncoding, values: number, ...body: Uint8Array[]): Buffer {
  return page(dataHeader(encoding, values), ...body);
}

/** The header of a data page with a body of `length` bytes and this checksum. */
export function serializeDataHeader(
  encoding: PageEncoding,
  values: number,
  length: number,
  crc: number,
): Buffer {
  return serialize(dataHeader(encoding, values), length, crc);
}

function dataHeader(encoding: PageEncoding, values: number): PageHeader {
  const header = new thrift.PageHeader();
  header.type = thrift.PageType.DATA_PAGE;
  header.data_page_header = new thrift.DataPageHeader();
  header.data_page_header.num_values = values;
  header.data_page_header.encoding = thrift.Encoding[encoding];
  header.data_page_header.definition_level_encoding = RLE;
  header.data_page_header.repetition_level_encoding = RLE;
  return header;
}

/** @param values ids of the dictionary, ascending; stored as INT32 */
export function dictionaryPage(values: Uint16Array): Buffer {
  const header = new thrift.PageHeader();
  header.type = thrift.PageType.DICTIONARY_PAGE;
  header.dictionary_page_header = new thrift.DictionaryPageHeader();
  header.dictionary_page_header.num_values = values.length;
  header.dictionary_page_header.encoding = PLAIN_DICTIONARY;
  header.dictionary_page_header.is_sorted = true;
  return page(header, viewBytes(Int32Array.from(values)));
}

function page(header: PageHeader, ...body: Uint8Array[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const crc = body.reduce((before, part) => crc32(part, before), 0);
  return Buffer.concat([serialize(header, length, crc), ...body]);
}

function serialize(header: PageHeader, length: number, crc: number): Buffer {
  header.uncompressed_page_size = length;
  header.compressed_page_size = length;
  header.crc = crc;
  return util.serializeThrift(header);
}

/** The bytes of a typed array, little-endian as on every machine on which Node runs. */
export function viewBytes(array: Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * Reads the body of a data page.
 * @param buffer exactly the bytes of the page
 * @param values number of values that it must hold
 * @throws RangeError when the page is damaged or not in the form of dataPage
 */
export function readDataPage(buffer: Buffer, encoding: PageEncoding, values: number): Buffer {
  const { header, body } = readPage(buffer, thrift.PageType.DATA_PAGE);
  const { data } = header;
  if (!data || data.encoding !== thrift.Encoding[encoding]) throw new RangeError('other encoding');
  if (data.repetition !== RLE || data.definition !== RLE) {
    throw new RangeError('other encoding of the levels');
  }
  if (data.values !== values) {
    throw new RangeError(`page of ${data.values} values where ${values} were expected`);
  }
  return body;
}

/** @returns the dictionary, [count] with 1 <= count <= 65,536 and each value < `limit` */
export function readDictionaryPage(buffer: Buffer, limit: number): Uint16Array {
  const { header, body } = readPage(buffer, thrift.PageType.DICTIONARY_PAGE);
  const { dictionary } = header;
  const encoding = dictionary?.encoding;
  if (!dictionary || (encoding !== PLAIN_DICTIONARY && encoding !== PLAIN)) {
    throw new RangeError('dictionary of another encoding');
  }
  const count = dictionary.values ?? 0;
  if (!(count >= 1 && count <= 65_536) || body.length !== count * 4) {
    throw new RangeError(`dictionary of ${count} values in ${body.length} bytes`);
  }
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const value = body.readInt32LE(i * 4);
    if (value < 0 || value >= limit)
      throw new RangeError(`token id ${value} is not below ${limit}`);
    values[i] = value;
  }
  return values;
}

function readPage(buffer: Buffer, type: number): { header: FoundHeader; body: Buffer } {
  const { header, body: start } = readPageHeader(buffer.subarray(0, MAX_PAGE_HEADER));
  const body = buffer.subarray(start);
  if (header.type !== type) throw new RangeError(`page of type ${header.type}, not ${type}`);
  if (header.compressedSize !== body.length || header.uncompressedSize !== body.length) {
    throw new RangeError(`page says ${header.compressedSize} bytes and has ${body.length}`);
  }
  if (header.crc !== crc32(body)) throw new RangeError('checksum of a page does not match');
  return { header, body };
}
