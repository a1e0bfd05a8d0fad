/**
 * Integers of up to 16 bits in as few bits as they need: the bit-packed run of
 * the Parquet format (Encodings, "RLE/Bit-Packing Hybrid"), least significant bit
 * first. Typed arrays in and out; this is where shards spend their time.
 */

/** Bits that hold 0..count-1, at least one. */
export function bitWidth(count: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));
}

/** Bytes of `count` packed values; a run is made of whole groups of eight. */
export function packedLength(count: number, width: number): number {
  return Math.ceil(count / 8) * width;
}

/**
 * Packs `ranks[values[i]]`.
 * @param target written from `offset`; has packedLength bytes of room, all zero
 */
export function packBits(
  values: Uint16Array,
  ranks: Uint16Array,
  width: number,
  target: Uint8Array,
  offset: number,
): void {
  let pending = 0;
  let bits = 0;
  let at = offset;
  for (let i = 0; i < values.length; i++) {
    pending |= ranks[values[i]] << bits;
    bits += width;
    if (bits >= 16) {
      target[at] = pending;
      target[at + 1] = pending >>> 8;
      at += 2;
      pending >>>= 16;
      bits -= 16;
    }
  }
  for (; bits > 0; bits -= 8) {
    target[at++] = pending;
    pending >>>= 8;
  }
}

/**
 * The reverse: `target[i] = table[packed value i]`.
 * @param source at least packedLength(count, width) bytes from `offset`
 * @param table [2 ** width]
 */
export function unpackBits(
  source: Uint8Array,
  offset: number,
  width: number,
  table: Uint16Array,
  target: Uint16Array,
  targetOffset: number,
  count: number,
): void {
  const mask = 2 ** width - 1;
  const end = targetOffset + count;
  let pending = 0;
  let bits = 0;
  let at = offset;
  for (let i = targetOffset; i < end; i++) {
    if (bits < width) {
      // At most 15 bits are left, so 16 more fit; past the end reads undefined, which is 0 here.
      pending |= (source[at] | (source[at + 1] << 8)) << bits;
      at += 2;
      bits += 16;
    }
    target[i] = table[pending & mask];
    pending >>>= width;
    bits -= width;
  }
}
