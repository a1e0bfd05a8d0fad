/**
 * Reads a canonical AVC document: its size and where each frame lies. It checks every syntax
 * element of every NAL unit, so that damage is found.
 */

import { CodecLmError } from '../../../base/error.ts';
import { hexByte } from '../../../base/format.ts';
import { BitReader, READ_AHEAD } from './bits.ts';
import { describeAvcPlace, describeExpected } from './describe.ts';
import { IDR_SLICE, type NalUnit, readRbsp, SEI, SLICE, splitNalUnits } from './nal.ts';
import { frameSize } from './syntax/draft.ts';
import { allowsAny, TRAILING } from './syntax/element.ts';
import type { SyntaxState } from './syntax/state.ts';
import { canEnd, macroblocksOf, needsZeroByte, startOfDocument } from './syntax/unit.ts';

export interface AvcFrame {
  /** Offset of the start code of its first NAL unit, including parameter sets and SEI. */
  readonly offset: number;
  /** Offset after its last slice. */
  readonly end: number;
  readonly isIdr: boolean;
}

export interface AvcDocument {
  /** Size of the video in pixels. */
  readonly width: number;
  readonly height: number;
  readonly macroblocksWide: number;
  readonly macroblocksHigh: number;
  readonly macroblocksPerFrame: number;
  readonly frames: readonly AvcFrame[];
  /** Whether there is supplemental information (x264 writes its version and options so). */
  readonly hasSei: boolean;
}

/** Is told of everything that a document consists of, in order. */
export interface AvcVisitor {
  /** Called before the elements of the unit. */
  unit(unit: NalUnit, state: SyntaxState): void;
  /**
   * @param state before the element is taken: its name, and the macroblock that it belongs to
   * @param from its first bit in the payload of the unit without emulation prevention
   * @param end the bit after its last
   */
  element(state: SyntaxState, from: number, end: number): void;
}

const SHORT_START_CODE = 3;

/**
 * @param bytes a canonical document, and nothing after it
 * @param visitor for those who want to know what is where; units before an error are told all the same
 * @throws CodecLmError `AVC_INVALID` that names frame, macroblock, syntax element and byte
 */
export function parseAvcDocument(bytes: Uint8Array, visitor?: AvcVisitor): AvcDocument {
  const parser = new Parser(bytes, visitor);
  const frames: AvcFrame[] = [];
  let hasSei = false;
  let offset = 0;
  for (const unit of splitNalUnits(bytes)) {
    parser.readUnit(unit);
    if (unit.type === SEI) hasSei = true;
    if (parser.state.frame === frames.length) continue;
    frames.push({ offset, end: unit.end, isIdr: unit.type === IDR_SLICE });
    offset = unit.end;
  }
  parser.finish();
  const { macroblocksWide, macroblocksHigh } = parser.state.sps!;
  return {
    ...frameSize(parser.state.sps!),
    macroblocksWide,
    macroblocksHigh,
    macroblocksPerFrame: macroblocksWide * macroblocksHigh,
    frames,
    hasSei,
  };
}

class Parser {
  readonly state: SyntaxState = startOfDocument();
  readonly #bytes: Uint8Array;
  readonly #reader = new BitReader();
  /** The payload of one NAL unit without its emulation prevention. */
  readonly #rbsp: Uint8Array;
  readonly #visitor: AvcVisitor | undefined;
  /** Offset after the last unit that was read. */
  #end = 0;

  constructor(bytes: Uint8Array, visitor: AvcVisitor | undefined) {
    this.#bytes = bytes;
    this.#visitor = visitor;
    this.#rbsp = new Uint8Array(bytes.length + READ_AHEAD);
  }

  readUnit(unit: NalUnit): void {
    const { type, start, payloadStart, end } = unit;
    const { state } = this;
    if (start !== this.#end) throw this.#invalid(this.#end, 'expected a start code');
    const isShort = payloadStart - start === SHORT_START_CODE;
    if (isShort && needsZeroByte(state, type)) {
      throw this.#invalid(start, 'a start code of three bytes where there must be four');
    }
    this.#takeHeader(payloadStart);
    const length = readRbsp(this.#bytes, payloadStart + 1, end, this.#rbsp);
    if (length < 0) {
      throw this.#invalid(-1 - length, 'bytes that need emulation prevention, or need it not');
    }
    this.#rbsp.fill(0, length, length + READ_AHEAD);
    this.#visitor?.unit(unit, state);
    this.#readElements(payloadStart + 1, end, length);
    const isSlice = type === SLICE || type === IDR_SLICE;
    state.finish(state, isSlice ? [] : Array.from(this.#rbsp.subarray(0, length)));
    this.#end = end;
  }

  /** @throws CodecLmError when the document may not end here */
  finish(): void {
    const { state } = this;
    if (this.#end !== this.#bytes.length) throw this.#invalid(this.#end, 'expected a start code');
    if (canEnd(state)) return;
    const read =
      state.macroblock > 0 ? `: ${state.macroblock} of ${macroblocksOf(state)} slices` : '';
    throw this.#invalid(this.#end, `the document ends inside a frame${read}`);
  }

  #takeHeader(offset: number): void {
    const { state } = this;
    const header = this.#bytes[offset];
    if (!allowsAny(state, header, header)) {
      throw this.#invalid(
        offset,
        `${hexByte(header)}, a NAL unit of type ${header & 31}, may not come here`,
      );
    }
    state.take(state, header);
  }

  /** Reads every element up to the stop bit, which must be in the last byte. */
  #readElements(start: number, end: number, length: number): void {
    const { state } = this;
    const reader = this.#reader;
    reader.load(this.#rbsp);
    // The last 1-bit ends the payload.
    const last = length === 0 ? 0 : this.#rbsp[length - 1];
    const stop = 8 * length - (last === 0 ? 0 : 32 - Math.clz32(last & -last));
    while (state.kind !== TRAILING) {
      const value = reader.read(state);
      if (Number.isNaN(value) || reader.position > stop) {
        const isCut = reader.position > stop || stop - state.position < 1;
        throw this.#invalidElement(start, end, isCut);
      }
      this.#visitor?.element(state, state.position, reader.position);
      state.position = reader.position;
      state.take(state, value);
    }
    if (last === 0 || state.position !== stop) throw this.#invalidElement(start, end, last === 0);
    this.#visitor?.element(state, stop, 8 * length);
  }

  #invalidElement(start: number, end: number, isCut: boolean): CodecLmError {
    const { state } = this;
    const offset = this.#offsetOf(start, end, state.position);
    return this.#invalid(
      offset,
      `expected ${describeExpected(state)}, found ${isCut ? 'the end of the NAL unit' : this.#bits()}`,
    );
  }

  /** The next bits, as many as a code word can have. */
  #bits(): string {
    this.#reader.position = this.state.position;
    return (this.#reader.peek() >>> 16).toString(2).padStart(16, '0');
  }

  /** Offset in the document of a bit in the payload. */
  #offsetOf(start: number, end: number, position: number): number {
    let zeros = 0;
    let left = position >> 3;
    for (let i = start; i < end; i++) {
      const isPrevention = zeros === 2 && this.#bytes[i] === 3;
      if (!isPrevention && left-- === 0) return i;
      zeros = this.#bytes[i] === 0 ? zeros + 1 : 0;
    }
    return end;
  }

  #invalid(offset: number, what: string): CodecLmError {
    return new CodecLmError(
      'AVC_INVALID',
      `not a canonical AVC document: byte ${offset}: ${describeAvcPlace(this.state)}: ${what}`,
    );
  }
}
