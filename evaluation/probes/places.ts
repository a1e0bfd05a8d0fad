/** The places of a picture (MCUs, macroblocks, pixels) that take the most bits. */
import type { Codec, Symbols } from '../../tokenizer/index.ts';

export interface PlacesByBits {
  /** Places, those with the most bits first; empty where the codec knows none. */
  readonly byBits: readonly number[];
  /** The place of the changed symbol. */
  readonly damaged: number;
}

/** What lies outside of the picture, such as a header, counts as one place. */
const OUTSIDE = -1;

/**
 * @param original the document without its damage, which says where each symbol belongs
 * @param symbolBits bits of the damaged document: [symbols]
 * @param at the changed symbol
 */
export function placesByBits(
  codec: Codec,
  original: Symbols,
  symbolBits: Float64Array,
  at: number,
): PlacesByBits {
  const map = codec.syntax?.(original);
  if (!map || map.columns * map.rows === 0) return { byBits: [], damaged: OUTSIDE };
  const bits = new Map<number, number>();
  for (const [symbol, place] of map.places.entries()) {
    const where = Math.max(OUTSIDE, place);
    bits.set(where, (bits.get(where) ?? 0) + symbolBits[symbol]);
  }
  const byBits = [...bits].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([place]) => place);
  return { byBits, damaged: Math.max(OUTSIDE, map.places[at]) };
}
