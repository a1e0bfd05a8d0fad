/** The checksum of a Parquet page (gzip's CRC-32). */
import * as zlib from 'node:zlib';

const POLYNOMIAL = 0xedb88320;

const native = (zlib as { crc32?: (data: Uint8Array, before: number) => number }).crc32;

/**
 * As the signed 32-bit integer that thrift holds. Node before 20.15 has none of its own.
 * @param before checksum of what came before `data`
 */
export function crc32(data: Uint8Array, before = 0): number {
  return (native ? native(data, before >>> 0) : crc32ByTable(data, before)) | 0;
}

let table: Uint32Array | undefined;

export function crc32ByTable(data: Uint8Array, before = 0): number {
  table ??= makeTable();
  let crc = ~before;
  for (let i = 0; i < data.length; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc >>> 0;
  });
}
