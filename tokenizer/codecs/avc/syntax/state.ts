/**
 * A place between two syntax elements of a document: the element that may come next, and all
 * earlier values that later elements depend on. The syntax consists of functions, one per element,
 * which take its value and set the element that is expected next.
 */
import type { PrefixCode } from '../tables/prefix-code.ts';
import {
  type CodedPicture,
  type History,
  NO_HISTORY,
  type PictureParameters,
  type SequenceParameters,
} from './context.ts';
import { type Element, FIXED, type Kind, SIGNED, TABLE, TRAILING, UNSIGNED } from './element.ts';

/** Receives the value of the element that was expected. */
export type Take = (state: SyntaxState, value: number) => void;

/** Properties of the document that are known before it is read. */
export interface Target {
  /** Size in pixels, even numbers. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Payload of one NAL unit without its emulation prevention, up to and including its last byte. */
export type Rbsp = readonly number[];

function takeNothing(): void {}

const NO_MODES = new Uint8Array(16);
const NO_TOTALS = new Uint8Array(24);

export class SyntaxState implements Element {
  readonly target: Target | undefined;

  // The element that comes next, and the function that takes its value.
  name = '';
  kind: Kind = FIXED;
  size = 0;
  low = 0;
  high = 0;
  ranges: readonly number[] | undefined = undefined;
  code: PrefixCode | undefined = undefined;
  take: Take = takeNothing;
  /** Ends the NAL unit, after its trailing bits. */
  finish: (state: SyntaxState, rbsp: Rbsp) => void = takeNothing;

  /** Bits of the NAL unit that have been read, without its header byte. */
  position = 0;

  // The document.
  sps: SequenceParameters | undefined = undefined;
  pps: PictureParameters | undefined = undefined;
  spsBytes: Rbsp | undefined = undefined;
  ppsBytes: Rbsp | undefined = undefined;
  history: History = NO_HISTORY;
  /** The picture whose slices are being read; set at the end of its first slice. */
  picture: CodedPicture | undefined = undefined;
  frame = 0;
  macroblock = 0;
  /** NAL units before the first slice of this frame: bit `nal_unit_type` is set for each type. */
  unitsOfFrame = 0;
  /**
   * slice_type modulo 5 of the slices of this picture, as bits; and the types that it may have.
   */
  typesSeen = 0;
  typesAllowed = 0;

  // The parameter set that is being read. Each value makes a new object.
  draft: Readonly<Record<string, number>> = {};
  /** Position in bytes that are repeated or payload that is read, and their number. */
  index = 0;
  count = 0;

  // The slice that is being read.
  header = 0;
  isIntraSlice = false;
  /**
   * Whether the slice header has been read, and with it the values that all slices of a picture
   * share.
   */
  isHeaderRead = false;
  frameNum = 0;
  idrPicId = 0;
  order = 0;
  /** num_ref_idx_l0_active_minus1 + 1. */
  references = 0;
  /** picNumLXPred of 8.2.4.3.1, and the number of commands so far. */
  picNum = 0;
  commands = 0;
  marking: readonly number[] = [];
  isAdaptive = false;
  /** frame_num of the reference frames that remain after the commands so far. */
  remaining: readonly number[] = [];

  // The macroblock.
  mbType = 0;
  isIntra = false;
  isIntra16x16 = false;
  part = 0;
  parts = 0;
  pattern = 0;
  /** Intra4x4PredMode of the 4x4 blocks read so far, by luma4x4BlkIdx. */
  modes: Readonly<Uint8Array> = NO_MODES;
  /** TotalCoeff: luma4x4BlkIdx 0..15, then four Cb and four Cr blocks. */
  totals: Readonly<Uint8Array> = NO_TOTALS;
  /** Whether no copy shares the array; only then may it be written to. */
  ownsModes = false;
  ownsTotals = false;

  // The block of coefficients.
  block = 0;
  mostCoefficients = 0;
  total = 0;
  trailingOnes = 0;
  coefficientsLeft = 0;
  suffixLength = 0;
  levelPrefix = 0;
  zerosLeft = 0;

  constructor(target?: Target) {
    this.target = target;
  }

  /**
   * Copies field by field: a sampler copies thousands of states per token (`Object.assign` halved
   * its speed, docs/log.md).
   */
  copy(): SyntaxState {
    const copy = new SyntaxState(this.target);
    copy.name = this.name;
    copy.kind = this.kind;
    copy.size = this.size;
    copy.low = this.low;
    copy.high = this.high;
    copy.ranges = this.ranges;
    copy.code = this.code;
    copy.take = this.take;
    copy.finish = this.finish;
    copy.position = this.position;
    copy.sps = this.sps;
    copy.pps = this.pps;
    copy.spsBytes = this.spsBytes;
    copy.ppsBytes = this.ppsBytes;
    copy.history = this.history;
    copy.picture = this.picture;
    copy.frame = this.frame;
    copy.macroblock = this.macroblock;
    copy.unitsOfFrame = this.unitsOfFrame;
    copy.typesSeen = this.typesSeen;
    copy.typesAllowed = this.typesAllowed;
    copy.draft = this.draft;
    copy.index = this.index;
    copy.count = this.count;
    copy.header = this.header;
    copy.isIntraSlice = this.isIntraSlice;
    copy.isHeaderRead = this.isHeaderRead;
    copy.frameNum = this.frameNum;
    copy.idrPicId = this.idrPicId;
    copy.order = this.order;
    copy.references = this.references;
    copy.picNum = this.picNum;
    copy.commands = this.commands;
    copy.marking = this.marking;
    copy.isAdaptive = this.isAdaptive;
    copy.remaining = this.remaining;
    copy.mbType = this.mbType;
    copy.isIntra = this.isIntra;
    copy.isIntra16x16 = this.isIntra16x16;
    copy.part = this.part;
    copy.parts = this.parts;
    copy.pattern = this.pattern;
    copy.modes = this.modes;
    copy.totals = this.totals;
    this.ownsModes = false;
    this.ownsTotals = false;
    copy.block = this.block;
    copy.mostCoefficients = this.mostCoefficients;
    copy.total = this.total;
    copy.trailingOnes = this.trailingOnes;
    copy.coefficientsLeft = this.coefficientsLeft;
    copy.suffixLength = this.suffixLength;
    copy.levelPrefix = this.levelPrefix;
    copy.zerosLeft = this.zerosLeft;
    return copy;
  }

  setMode(block: number, mode: number): void {
    if (!this.ownsModes) this.modes = this.modes.slice();
    this.ownsModes = true;
    (this.modes as Uint8Array)[block] = mode;
  }

  setTotal(block: number, total: number): void {
    if (!this.ownsTotals) this.totals = this.totals.slice();
    this.ownsTotals = true;
    (this.totals as Uint8Array)[block] = total;
  }

  clearTotals(): void {
    if (this.ownsTotals) (this.totals as Uint8Array).fill(0);
    else this.totals = NO_TOTALS;
  }

  fixed(name: string, size: number, low: number, high: number, take: Take): void {
    this.#expect(name, FIXED, low, high, take);
    this.size = size;
  }

  flag(name: string, take: Take): void {
    this.fixed(name, 1, 0, 1, take);
  }

  unsigned(name: string, low: number, high: number, take: Take): void {
    this.#expect(name, UNSIGNED, low, high, take);
  }

  signed(name: string, low: number, high: number, take: Take): void {
    this.#expect(name, SIGNED, low, high, take);
  }

  table(name: string, code: PrefixCode, take: Take): void {
    this.#expect(name, TABLE, 0, 0, take);
    this.code = code;
  }

  /** Restricts the element just expected to values in these ranges: pairs, ascending. */
  only(ranges: readonly number[]): void {
    this.ranges = ranges;
    this.low = ranges[0];
    this.high = ranges[ranges.length - 1];
  }

  trailing(): void {
    this.#expect('rbsp_trailing_bits', TRAILING, 0, 0, this.take);
  }

  #expect(name: string, kind: Kind, low: number, high: number, take: Take): void {
    this.name = name;
    this.kind = kind;
    this.low = low;
    this.high = high;
    this.ranges = undefined;
    this.take = take;
  }
}

/** Converts single values, ascending, to ranges. */
export function valuesAsRanges(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b).flatMap((value) => [value, value]);
}
