/** The checksum of a Parquet page (gzip's CRC-32). */
import * as zlib from 'node:zlib';

// Node has crc32 since 20.15; the installed types are older.
const { crc32: unsigned } = zlib as unknown as {
  crc32(data: Uint8Array, before: number): number;
};

/**
 * The checksum as a signed 32-bit integer, as thrift stores it.
 * @param before checksum of the bytes before `data`
 */
export function crc32(data: Uint8Array, before = 0): number {
  return unsigned(data, before >>> 0) | 0;
}
