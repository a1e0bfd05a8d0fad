/**
 * Integers of up to 16 bits in as few bits as they need: the bit-packed run of
 * the Parquet format (Encodings, "RLE/Bit-Packing Hybrid"), least significant bit
 * first. Typed arrays in and out; this is where shards spend their time.
 */
import { BLOCK, packerOf, unpackerOf } from './unrolled.ts';

/** Bits that hold 0..count-1, at least one. */
export function bitWidth(count: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));
}

/** Bytes of `count` packed values; a run is made of whole groups of eight. */
export function packedLength(count: number, width: number): number {
  return Math.ceil(count / 8) * width;
}

/**
 * Packs `ranks[values[i]]` into words of 32 bits.
 * @param target from its start; has room for every bit
 */
export function packBits(
  values: Uint16Array,
  ranks: Uint16Array,
  width: number,
  target: Int32Array,
): void {
  const blocks = Math.floor(values.length / BLOCK);
  packerOf(width)(values, ranks, target, blocks);
  let word = 0;
  let bits = 0;
  let at = blocks * width;
  for (let i = blocks * BLOCK; i < values.length; i++) {
    const value = ranks[values[i]];
    word |= value << bits;
    bits += width;
    if (bits >= 32) {
      target[at++] = word;
      bits -= 32;
      word = value >>> (width - bits);
    }
  }
  if (bits > 0) target[at] = word;
}

/**
 * The reverse: `target[i] = table[packed value i]`.
 * @param source packed words
 * @param table [2 ** width]
 * @param target written from `offset`, `count` values
 */
export function unpackBits(
  source: Int32Array,
  width: number,
  table: Uint16Array,
  target: Uint16Array,
  offset: number,
  count: number,
): void {
  const blocks = Math.floor(count / BLOCK);
  unpackerOf(width)(source, table, target, offset, blocks);
  const mask = 2 ** width - 1;
  const end = offset + count;
  let at = blocks * width;
  let word = source[at++];
  let bits = 0;
  for (let i = offset + blocks * BLOCK; i < end; i++) {
    let value = word >>> bits;
    bits += width;
    if (bits >= 32) {
      // Behind the last word lies what no value has bits of (undefined at the end, which is 0 here).
      word = source[at++];
      bits -= 32;
      value |= word << (width - bits);
    }
    target[i] = table[value & mask];
  }
}

/**
 * Packed bytes as whole words in `target`, whose border they need not lie at.
 * @param target with room for them; what lies behind them there is left
 */
export function copyWords(bytes: Uint8Array, target: Int32Array): void {
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
}
