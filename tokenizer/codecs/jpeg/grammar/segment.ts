/**
 * The entropy-coded bits of one MCU between two restart markers: six blocks, then 1-bits up to the
 * byte (T.81 A.2.3, F.1.2, B.1.1.5). With a restart after each MCU, every segment is a separate bit
 * string with the same start state.
 */
import { AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE } from '../tables.ts';
import { type AcAutomaton, acAutomaton, emptyAcAutomaton } from './ac.ts';
import { type DcTree, dcTree, emptyDcTree } from './dc.ts';
import { EDGES, type Edge, isOutside } from './edges.ts';
import { type DcRange, dcRanges, UNLIMITED } from './range.ts';
import {
  AC_PLACES,
  BLOCKS,
  blockOf,
  isStuffing,
  packLocal,
  placeOf,
  predictorOf,
  SEGMENT_END,
  withoutStuffing,
} from './state.ts';
import { ALLOWED, BLOCK_END, DC_OUT_OF_RANGE, NOT_STUFFED, PADDING_NOT_ONES } from './verdict.ts';

/** Codes and DC range of the blocks of one component. */
export interface BlockCoding {
  readonly dc: DcTree;
  readonly range: DcRange;
  readonly ac: AcAutomaton;
}

/**
 * Coding by the MCU's edge of the image, then by block: Y uses one set of tables, Cb and Cr the
 * other.
 */
export type McuCoding = readonly (readonly BlockCoding[])[];

/**
 * The automata of the standard tables. They do not depend on the image, so they are built once, at
 * first use.
 */
const automata = new Map<
  boolean,
  { luminance: Automata; chrominance: Automata; empty: Automata }
>();
type Automata = Omit<BlockCoding, 'range'>;

function automataOf(limited: boolean) {
  let known = automata.get(limited);
  if (known === undefined) {
    known = {
      luminance: { dc: dcTree(DC_LUMINANCE, limited), ac: acAutomaton(AC_LUMINANCE) },
      chrominance: { dc: dcTree(DC_CHROMINANCE, limited), ac: acAutomaton(AC_CHROMINANCE) },
      empty: { dc: emptyDcTree(DC_LUMINANCE), ac: emptyAcAutomaton(AC_LUMINANCE) },
    };
    automata.set(limited, known);
  }
  return known;
}

/** @param quality 1..100; undefined if DC values are not limited */
export function mcuCoding(quality: number | undefined): McuCoding {
  const limited = quality !== undefined;
  const ranges = limited ? dcRanges(quality) : { luminance: UNLIMITED, chrominance: UNLIMITED };
  const known = automataOf(limited);
  const luminance = { ...known.luminance, range: ranges.luminance };
  const chrominance = { ...known.chrominance, range: ranges.chrominance };
  const empty = { ...known.empty, range: ranges.luminance };
  return EDGES.map((edge) => [
    ...[0, 1, 2, 3].map((block) => (isOutside(edge, block) ? empty : luminance)),
    ...[chrominance, chrominance],
  ]);
}

/** A place between two bits of a segment. Its owner moves it along. */
export class SegmentCursor {
  protected readonly coding: McuCoding;
  edge: Edge = 0;
  block = 0;
  place = 0;
  /** DC value of the previous Y block; 0 where no later block depends on one. */
  predictor = 0;

  constructor(coding: McuCoding) {
    this.coding = coding;
  }

  load(local: number, edge: Edge): void {
    this.edge = edge;
    this.block = blockOf(local);
    this.place = placeOf(local);
    this.predictor = predictorOf(local);
  }

  /** The coefficient that the next bit belongs to: 0 is DC; undefined after the last block. */
  get coefficient(): number | undefined {
    if (this.block === SEGMENT_END) return undefined;
    if (this.place < AC_PLACES) return 0;
    const { nodes } = this.coding[this.edge][this.block].ac;
    return 1 + Math.floor((this.place - AC_PLACES) / nodes);
  }

  /** Reads one bit: moves on and returns `ALLOWED`, or stays and returns the reason. */
  step(bit: number): number {
    if (this.block === SEGMENT_END) return bit === 1 ? ALLOWED : PADDING_NOT_ONES;
    const { dc, range, ac } = this.coding[this.edge][this.block];

    if (this.place >= AC_PLACES) {
      const to = ac.next[2 * (this.place - AC_PLACES) + bit];
      if (to >= 0) {
        this.place = AC_PLACES + to;
        return ALLOWED;
      }
      if (to !== BLOCK_END) return to;
      this.block++;
      this.place = 0;
      return ALLOWED;
    }

    const to = dc.next[2 * this.place + bit];
    if (to < 0) return to;
    if (!this.fits(dc, range, to)) return DC_OUT_OF_RANGE;
    if (to < dc.nodes) {
      this.place = to;
      return ALLOWED;
    }
    this.addDifference(dc.difference[to - dc.nodes], range);
    this.place = AC_PLACES;
    return ALLOWED;
  }

  /** Whether some difference below a place in the DC tree keeps the value in range. */
  protected fits(dc: DcTree, range: DcRange, to: number): boolean {
    // A difference of 0 is always in range, so only the differences nearest to 0 matter.
    return dc.up[to] <= range.high - this.predictor || dc.down[to] >= range.low - this.predictor;
  }

  /**
   * Predicts the next Y block from this one; the first Y, Cb and Cr are predicted from 0 (T.81
   * F.1.1.5.1).
   */
  protected addDifference(difference: number, _range: DcRange): void {
    this.predictor = this.block < BLOCKS - 3 ? this.predictor + difference : 0;
  }

  /**
   * Reads a byte of the segment.
   * @param local a local state inside a segment
   * @param edge edge of the MCU
   * @returns the local state after it, or a negative verdict
   */
  stepByte(local: number, edge: Edge, byte: number): number {
    this.load(local, edge);
    if (isStuffing(local)) return byte === 0 ? withoutStuffing(local) : NOT_STUFFED;
    const verdict = this.stepBits(byte);
    if (verdict !== ALLOWED) return verdict;
    return packLocal(this.block, this.place, byte === 0xff, this.predictor);
  }

  /** Reads the 8 bits of a byte, up to the first refused bit. */
  stepBits(byte: number): number {
    for (let left = 8; left > 0; left--) {
      if (this.place >= AC_PLACES) {
        left = this.#stepCoefficients(byte, left);
        if (left === 0) return ALLOWED;
      }
      const verdict = this.step((byte >> (left - 1)) & 1);
      if (verdict !== ALLOWED) return verdict;
    }
    return ALLOWED;
  }

  /**
   * As `step` for as many of the last bits as stay in the AC coefficients of this block: almost all bits of a document
   * do. @returns the number of bits that are left
   */
  #stepCoefficients(byte: number, bits: number): number {
    const { next } = this.coding[this.edge][this.block].ac;
    let at = this.place - AC_PLACES;
    let left = bits;
    for (; left > 0; left--) {
      const to = next[2 * at + ((byte >> (left - 1)) & 1)];
      if (to < 0) break;
      at = to;
    }
    this.place = AC_PLACES + at;
    return left;
  }
}
