/**
 * The grammar of canonical JPEG documents of one size: baseline, 4:2:0, standard Huffman tables,
 * and a restart after every MCU. The same coefficients can be written in several ways; it accepts
 * only the way of an encoder (ITU-T T.81; grammar/ names the clauses).
 *
 *     header | MCU 0 | FF D0 | MCU 1 | FF D1 | ... | last MCU | FF D9
 *
 * An accepted document decodes without a warning, and `jpegtran -restart 1B` returns the same
 * bytes.
 */

import { CodecLmError } from '../../../base/error.ts';
import { hexByte } from '../../../base/format.ts';
import { collectSymbols, type Grammar } from '../../mask/grammar.ts';
import { MAX_SIDE } from '../pictures/limits.ts';
import { describeJpegPlace } from './grammar/describe.ts';
import { McuEdges } from './grammar/edges.ts';
import { SegmentFinish, SHORTEST_MCU } from './grammar/finish.ts';
import { mcuCoding, SegmentCursor } from './grammar/segment.ts';
import {
  blockOf,
  COMPLETE,
  isStuffing,
  LOCAL_STATES,
  localOf,
  mcuOf,
  OUTSIDE,
  outside,
  packState,
  placeOf,
  SECOND_MARKER_BYTE,
  SEGMENT_END,
  SEGMENT_START,
  withoutPredictor,
} from './grammar/state.ts';
import { JpegUnknowns } from './grammar/unknowns.ts';
import { refusalOf } from './grammar/verdict.ts';
import { EOI, type Geometry, geometryOf, MARKER, RST0, writeHeader } from './header.ts';

export interface JpegGrammarOptions {
  /** Size of the image in pixels. */
  readonly width: number;
  readonly height: number;
  /** Quality of its quantization tables, 1..100. A known quality limits the DC values. */
  readonly quality?: number;
  /**
   * Whether DC values must lie in the range that 8-bit samples can give; default: true if the
   * quality is known.
   */
  readonly limitDc?: boolean;
}

const MARKER_BYTES = 2;

/**
 * Most bytes that the shortest way to finish an MCU can take; the test of the same name checks it.
 */
const LONGEST_SEGMENT_FINISH = 9;

/** @throws CodecLmError `CONFIG_INVALID` for a size or quality that no JPEG has */
export function createJpegGrammar(options: JpegGrammarOptions): Grammar {
  const { width, height, quality, limitDc = quality !== undefined } = options;
  requireWhole('width', width, MAX_SIDE);
  requireWhole('height', height, MAX_SIDE);
  if (quality !== undefined) requireWhole('quality', quality, 100);
  if (limitDc && quality === undefined) {
    throw new CodecLmError('CONFIG_INVALID', 'a JPEG grammar that limits DC values needs quality', {
      hint: 'give the quality of the documents, or set limitDc to false',
    });
  }
  return new JpegGrammar(geometryOf(width, height), limitDc ? quality : undefined);
}

function requireWhole(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `${name} of a JPEG grammar must be a whole number from 1 to ${most}, not ${value}`,
  );
}

class JpegGrammar implements Grammar {
  readonly codec = 'JPEG';
  readonly invalidCode = 'JPEG_INVALID';

  readonly #geometry: Geometry;
  readonly #edges: McuEdges;
  readonly #header: Uint8Array;
  readonly #cursor: SegmentCursor;
  readonly #finish: SegmentFinish;
  readonly unknowns: JpegUnknowns;

  constructor(geometry: Geometry, quality: number | undefined) {
    this.#geometry = geometry;
    this.#edges = new McuEdges(geometry);
    this.#header = writeHeader(geometry.width, geometry.height);
    const coding = mcuCoding(quality);
    this.#cursor = new SegmentCursor(coding);
    this.#finish = new SegmentFinish(coding);
    this.unknowns = new JpegUnknowns({
      mcuCount: geometry.mcuCount,
      header: this.#header,
      edges: this.#edges,
      coding,
    });
  }

  start(): number {
    return packState(0, outside(0));
  }

  next(state: number, byte: number): number | undefined {
    const local = localOf(state);
    const block = blockOf(local);
    if (block === OUTSIDE) return this.#nextOutside(state, byte);
    if (block === SEGMENT_END && !isStuffing(local)) {
      return byte === MARKER ? packState(mcuOf(state), outside(SECOND_MARKER_BYTE)) : undefined;
    }
    const after = this.#cursor.stepByte(local, this.#edges.of(mcuOf(state)), byte);
    return after < 0 ? undefined : state - local + after;
  }

  allowedSymbols(state: number): Uint32Array {
    return collectSymbols(this, state);
  }

  isComplete(state: number): boolean {
    return localOf(state) === outside(COMPLETE);
  }

  symbolsToFinish(state: number): number {
    const local = localOf(state);
    const afterMcu = this.#bytesAfterMcu(mcuOf(state));
    if (blockOf(local) !== OUTSIDE) {
      return this.#finish.bytes(local, this.#edges.of(mcuOf(state))) + afterMcu;
    }
    const place = placeOf(local);
    if (place === COMPLETE) return 0;
    if (place === SECOND_MARKER_BYTE) return afterMcu - 1;
    return this.#header.length - place + SHORTEST_MCU + afterMcu;
  }

  /**
   * The bytes to finish are those of this MCU plus those of later MCUs, and the second part never
   * grows.
   */
  longestDetour(): number {
    return LONGEST_SEGMENT_FINISH;
  }

  contextKey(state: number, reach: number): number {
    // More MCU ends than `reach` bytes can hold.
    const inSight = Math.floor(reach / (SHORTEST_MCU + MARKER_BYTES)) + 2;
    const context = this.#edges.ahead(mcuOf(state), inSight);
    return context * LOCAL_STATES + withoutPredictor(localOf(state));
  }

  describe(state: number): string {
    this.#cursor.load(localOf(state), this.#edges.of(mcuOf(state)));
    return describeJpegPlace(this.#geometry, state, this.#cursor);
  }

  explain(state: number, byte: number): string | undefined {
    if (this.next(state, byte) !== undefined) return undefined;
    const local = localOf(state);
    if (this.isComplete(state)) return 'it follows the end of the image';
    if (blockOf(local) === OUTSIDE || (blockOf(local) === SEGMENT_END && !isStuffing(local))) {
      const expected = [...Array(256).keys()].find((b) => this.next(state, b) !== undefined)!;
      return `${this.describe(state)}: expected ${hexByte(expected)}`;
    }
    // The cursor stays at the refused bit, which may be in a later block.
    const verdict = this.#cursor.stepByte(local, this.#edges.of(mcuOf(state)), byte);
    return `${describeJpegPlace(this.#geometry, state, this.#cursor)}: ${refusalOf(verdict)}`;
  }

  #nextOutside(state: number, byte: number): number | undefined {
    const place = placeOf(localOf(state));
    const mcu = mcuOf(state);
    if (place === COMPLETE) return undefined;
    if (place === SECOND_MARKER_BYTE) {
      if (mcu === this.#geometry.mcuCount - 1) {
        return byte === EOI ? packState(mcu, outside(COMPLETE)) : undefined;
      }
      // Restart markers count 0..7 and again from 0 (T.81 B.2.1).
      return byte === RST0 + (mcu & 7) ? packState(mcu + 1, SEGMENT_START) : undefined;
    }
    if (byte !== this.#header[place]) return undefined;
    return packState(0, place + 1 === this.#header.length ? SEGMENT_START : outside(place + 1));
  }

  /**
   * Fewest bytes after the end of this MCU's bits: its marker, and the remaining MCUs with their
   * markers.
   */
  #bytesAfterMcu(mcu: number): number {
    const mcusToCome = this.#geometry.mcuCount - 1 - mcu;
    return MARKER_BYTES + mcusToCome * (SHORTEST_MCU + MARKER_BYTES);
  }
}
