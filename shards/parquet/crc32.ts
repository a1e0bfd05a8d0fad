/** The checksum of a Parquet page (gzip's CRC-32). */
import * as zlib from 'node:zlib';

// In Node since 20.15; the types are those of an earlier one.
const { crc32: unsigned } = zlib as unknown as {
  crc32(data: Uint8Array, before: number): number;
};

/**
 * As the signed 32-bit integer that thrift holds.
 * @param before checksum of what came before `data`
 */
export function crc32(data: Uint8Array, before = 0): number {
  return unsigned(data, before >>> 0) | 0;
}
