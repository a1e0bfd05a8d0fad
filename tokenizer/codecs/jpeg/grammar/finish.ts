/**
 * Computes exactly the fewest bytes that end an MCU from any place in it, including a place where a
 * half-written value forces a byte FF, which costs a stuffed 00.
 *
 * It counts bits, not bytes: the shortest form of each later block is "no DC difference, end of
 * block", which begins with a 0 and so never makes an FF; and fewer bits never make more bytes.
 */
import { AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE } from '../tables.ts';
import type { Edge } from './edges.ts';
import type { BlockCoding, McuCoding } from './segment.ts';
import {
  AC_PLACES,
  BLOCKS,
  blockOf,
  isStuffing,
  placeOf,
  predictorOf,
  SEGMENT_END,
} from './state.ts';
import { BLOCK_END } from './verdict.ts';

const LUMINANCE_BLOCK = DC_LUMINANCE.lengths[0] + AC_LUMINANCE.lengths[0];
const CHROMINANCE_BLOCK = DC_CHROMINANCE.lengths[0] + AC_CHROMINANCE.lengths[0];

/** Bits of the shortest blocks from this block to the last. Shape: [7]; the last entry is 0. */
const SHORTEST_REST = Array.from({ length: BLOCKS + 1 }, (_, block) =>
  block <= 4
    ? (4 - block) * LUMINANCE_BLOCK + 2 * CHROMINANCE_BLOCK
    : (BLOCKS - block) * CHROMINANCE_BLOCK,
);

/** Bytes of the shortest MCU. */
export const SHORTEST_MCU: number = Math.ceil(SHORTEST_REST[0] / 8);

const STUFFED_BITS = 8;

/**
 * Place of a bit string in its byte: the number of bits since the byte began, 0..7, plus 8 if one
 * of them is 0, so that the byte cannot be an FF.
 */
type Phase = number;
const BYTE_START: Phase = 0;
const PHASES = 16;
const HAS_ZERO = 8;

/** Cost of one bit, in bits. */
function costOf(phase: Phase, bit: number): number {
  return phase === 7 && bit === 1 ? 1 + STUFFED_BITS : 1;
}

function append(phase: Phase, bit: number): Phase {
  if ((phase & 7) === 7) return BYTE_START;
  return bit === 1 ? phase + 1 : (phase | HAS_ZERO) + 1;
}

function appendZeros(phase: Phase, count: number): Phase {
  const bits = (phase + count) & 7;
  return bits === 0 ? BYTE_START : bits | HAS_ZERO;
}

/** Computes the fewest bytes to the end of a segment; remembers results for AC places. */
export class SegmentFinish {
  readonly #coding: McuCoding;
  /**
   * For each AC automaton: 1 + bits to the end of the block, at index `PHASES * position + phase`;
   * 0 if not yet known.
   */
  readonly #known = new Map<Int16Array, Uint8Array>();

  constructor(coding: McuCoding) {
    this.#coding = coding;
    for (const { ac } of coding.flat())
      this.#known.set(ac.next, new Uint8Array(PHASES * ac.positions));
  }

  /**
   * @param local a local state inside a segment
   * @param edge edge of the MCU
   * @returns bytes up to the end of the segment, including stuffed bytes
   */
  bytes(local: number, edge: Edge): number {
    const block = blockOf(local);
    const stuffing = isStuffing(local) ? 1 : 0;
    if (block === SEGMENT_END) return stuffing;
    const coding = this.#coding[edge][block];
    const place = placeOf(local);
    const bits =
      place >= AC_PLACES
        ? this.#acBits(coding, place - AC_PLACES, BYTE_START)
        : this.#dcBits(coding, place, predictorOf(local), BYTE_START);
    return stuffing + Math.ceil((bits + SHORTEST_REST[block + 1]) / 8);
  }

  /** Fewest bits to the end of the block from a place in its AC coefficients. */
  #acBits(coding: BlockCoding, position: number, phase: Phase): number {
    const { next } = coding.ac;
    const known = this.#known.get(next)!;
    const key = PHASES * position + phase;
    if (known[key] !== 0) return known[key] - 1;
    let fewest = Number.POSITIVE_INFINITY;
    for (let bit = 0; bit < 2; bit++) {
      const to = next[2 * position + bit];
      if (to < 0 && to !== BLOCK_END) continue;
      const rest = to === BLOCK_END ? 0 : this.#acBits(coding, to, append(phase, bit));
      fewest = Math.min(fewest, costOf(phase, bit) + rest);
    }
    known[key] = fewest + 1;
    return fewest;
  }

  /** Fewest bits to the end of the block from a place in its DC difference; infinite if none is in range. */
  #dcBits(coding: BlockCoding, node: number, predictor: number, phase: Phase): number {
    const { dc, range } = coding;
    const highest = range.high - predictor;
    const lowest = range.low - predictor;

    const left = dc.bitsLeft[node];
    if (left > 0 && dc.low[node] >= lowest && dc.high[node] <= highest) {
      // Free bits become zeros, which never make an FF.
      return left + this.#acBits(coding, 0, appendZeros(phase, left));
    }
    let fewest = Number.POSITIVE_INFINITY;
    for (let bit = 0; bit < 2; bit++) {
      const to = dc.next[2 * node + bit];
      if (to < 0 || (dc.up[to] > highest && dc.down[to] < lowest)) continue;
      const after = append(phase, bit);
      const rest =
        to < dc.nodes ? this.#dcBits(coding, to, predictor, after) : this.#acBits(coding, 0, after);
      fewest = Math.min(fewest, costOf(phase, bit) + rest);
    }
    return fewest;
  }
}
