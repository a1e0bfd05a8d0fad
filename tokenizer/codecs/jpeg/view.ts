/**
 * Converts between a document and a file that every viewer opens: inserts or removes the tables.
 */
import { parseDocument } from './document.ts';
import { invalid } from './header.ts';
import { DHT_SEGMENTS, dqtSegments } from './tables.ts';

const SOI_LENGTH = 2;
const DQT_LENGTH = 2 * (2 + 67);

/**
 * Inserts the quantization and Huffman tables right after the SOI of a document.
 * @param quality the quality it was encoded with; the bytes do not contain it
 * @throws CodecLmError `JPEG_INVALID` when the bytes are not canonical
 */
export function toJpegFile(bytes: Uint8Array, quality: number): Uint8Array {
  parseDocument(bytes);
  return insertTables(bytes, quality);
}

/**
 * The same without a check, for bytes that may be damaged: a model's sample that was drawn without
 * the grammar is best judged in a viewer.
 */
export function insertTables(bytes: Uint8Array, quality: number): Uint8Array {
  return Buffer.concat([
    bytes.subarray(0, SOI_LENGTH),
    dqtSegments(quality),
    DHT_SEGMENTS,
    bytes.subarray(SOI_LENGTH),
  ]);
}

/**
 * The reverse: extracts document and quality from a file that `toJpegFile` made.
 * @throws CodecLmError `JPEG_INVALID` when the file was not made by `toJpegFile`
 */
export function fromJpegFile(file: Uint8Array): { bytes: Uint8Array; quality: number } {
  const tables = file.subarray(SOI_LENGTH, SOI_LENGTH + DQT_LENGTH);
  const quality = qualityOf(tables);
  if (quality === undefined) throw invalid(SOI_LENGTH, 'not the tables of any quality');
  const bodyStart = SOI_LENGTH + DQT_LENGTH + DHT_SEGMENTS.length;
  if (Buffer.compare(file.subarray(SOI_LENGTH + DQT_LENGTH, bodyStart), DHT_SEGMENTS) !== 0) {
    throw invalid(SOI_LENGTH + DQT_LENGTH, 'not the standard Huffman tables');
  }
  const bytes = Buffer.concat([file.subarray(0, SOI_LENGTH), file.subarray(bodyStart)]);
  parseDocument(bytes);
  return { bytes, quality };
}

function qualityOf(dqt: Uint8Array): number | undefined {
  for (let quality = 1; quality <= 100; quality++) {
    if (Buffer.compare(dqt, dqtSegments(quality)) === 0) return quality;
  }
  return undefined;
}
