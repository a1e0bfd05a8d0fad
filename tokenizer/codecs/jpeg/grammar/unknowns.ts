/**
 * Finds the conditions that strings of bytes put on three numbers, in which most states of the
 * grammar differ: the DC value of the previous block, the number of the next restart marker, and
 * the number of MCUs to come. A walk starts without knowing them and notes the conditions that it
 * meets; otherwise it is the grammar's own automaton.
 */
import type { Unknowns, Walk } from '../../../mask/grammar.ts';
import { EOI, MARKER, RST0 } from '../header.ts';
import { ANY_RESTART, DcAndRestart } from './condition.ts';
import type { McuEdges } from './edges.ts';
import type { DcRange } from './range.ts';
import { RangeCursor } from './range-cursor.ts';
import type { McuCoding } from './segment.ts';
import {
  AC_PLACES,
  blockOf,
  COMPLETE,
  isStuffing,
  localOf,
  mcuOf,
  OUTSIDE,
  outside,
  packLocal,
  placeOf,
  predictorOf,
  SECOND_MARKER_BYTE,
  SEGMENT_END,
  SEGMENT_START,
  withoutPredictor,
  withoutStuffing,
} from './state.ts';
import { ALLOWED, BLOCK_END } from './verdict.ts';

/** The data that a walk over the MCUs of one image needs. */
interface Image {
  readonly mcuCount: number;
  readonly header: Uint8Array;
  readonly edges: McuEdges;
  readonly coding: McuCoding;
}

export class JpegUnknowns implements Unknowns<number> {
  readonly #image: Image;
  readonly #cursor: RangeCursor;

  constructor(image: Image) {
    this.#image = image;
    this.#cursor = new RangeCursor(image.coding);
  }

  /**
   * The previous DC value, the number of the next restart marker, and the number of MCUs after this
   * one.
   */
  numbersOf(state: number): readonly number[] {
    const mcu = mcuOf(state);
    return [predictorOf(localOf(state)), mcu & 7, this.#image.mcuCount - 1 - mcu];
  }

  walk(state: number): Walk {
    return new JpegWalk(this.#image, this.#cursor, state);
  }
}

/** A place of a walk, and the conditions so far on the numbers at its start. */
class Place {
  /** Local state; its predictor is meaningless. */
  local = 0;
  /** Index of this MCU if the walk starts at the state that it was made with. */
  mcu = 0;
  /** Number of MCUs that have ended since the start. */
  ended = 0;
  /** Number of the next restart marker at the start, 0..7, or `ANY_RESTART`. */
  restart = ANY_RESTART;
  /** The allowed DC values at the start, both ends included. */
  low = 0;
  high = 0;
  /** Whether the predictor here is the DC value at the start plus `sum`, or `sum` itself. */
  isUnknown = false;
  sum = 0;

  copy(from: Place): void {
    this.local = from.local;
    this.mcu = from.mcu;
    this.ended = from.ended;
    this.restart = from.restart;
    this.low = from.low;
    this.high = from.high;
    this.isUnknown = from.isUnknown;
    this.sum = from.sum;
  }
}

class JpegWalk implements Walk {
  readonly #image: Image;
  readonly #cursor: RangeCursor;
  readonly #range: DcRange;
  /**
   * Places by depth. They are kept and overwritten, which is ten times as fast as making new ones.
   */
  readonly #path: Place[] = [new Place()];

  constructor(image: Image, cursor: RangeCursor, state: number) {
    this.#image = image;
    this.#cursor = cursor;
    this.#range = image.coding[0][0].range;
    const start = this.#path[0];
    start.local = withoutPredictor(localOf(state));
    start.mcu = mcuOf(state);
    start.low = this.#range.low;
    start.high = this.#range.high;
    start.isUnknown = dependsOnBefore(start.local);
  }

  step(depth: number, byte: number): boolean {
    if (depth === this.#path.length) this.#path.push(new Place());
    const before = this.#path[depth - 1];
    const place = this.#path[depth];
    const { local } = before;
    const block = blockOf(local);
    if (placeOf(local) >= AC_PLACES && block < SEGMENT_END && !isStuffing(local)) {
      const { ac } = this.#image.coding[this.#image.edges.of(before.mcu)][block];
      const to = stepWithin(ac.next, placeOf(local) - AC_PLACES, byte);
      if (to >= 0) {
        place.copy(before);
        place.local = packLocal(block, AC_PLACES + to, byte === MARKER, 0);
        return true;
      }
      if (to !== BLOCK_END) return false;
    }
    place.copy(before);
    if (block === OUTSIDE) return this.#stepOutside(place, byte);
    if (isStuffing(local)) {
      place.local = withoutStuffing(local);
      return byte === 0;
    }
    if (block === SEGMENT_END) {
      place.local = outside(SECOND_MARKER_BYTE);
      return byte === MARKER;
    }
    const cursor = this.#cursor;
    cursor.load(local, this.#image.edges.of(place.mcu));
    cursor.loadRange(place);
    if (cursor.stepBits(byte) !== ALLOWED) return false;
    place.local = packLocal(cursor.block, cursor.place, byte === MARKER, 0);
    place.low = cursor.low;
    place.high = cursor.high;
    place.isUnknown = cursor.isUnknown;
    place.sum = cursor.predictor;
    return true;
  }

  #stepOutside(place: Place, byte: number): boolean {
    const at = placeOf(place.local);
    if (at === COMPLETE) return false;
    if (at === SECOND_MARKER_BYTE) return stepMarker(place, byte);
    const { header } = this.#image;
    place.local = at + 1 === header.length ? SEGMENT_START : outside(at + 1);
    return byte === header[at];
  }

  condition(depth: number): DcAndRestart | undefined {
    const { local, mcu, ended, restart, low, high, isUnknown, sum } = this.#path[depth];
    const isComplete = local === outside(COMPLETE);
    const isInDc = isUnknown && blockOf(local) < SEGMENT_END && placeOf(local) < AC_PLACES;
    const isWhole = low <= this.#range.low && high >= this.#range.high;
    if (isWhole && !isInDc && ended === 0 && !isComplete) return undefined;
    const dc = { low, high, gapLow: low, gapHigh: low };
    if (isInDc) {
      // Between the two values, no difference below this place stays in range.
      const { dc: tree, range } = this.#image.coding[this.#image.edges.of(mcu)][blockOf(local)];
      const gapLow = range.high - sum - tree.up[placeOf(local)];
      const gapHigh = range.low - sum - tree.down[placeOf(local)];
      if (gapLow < high && gapHigh > low && gapHigh - gapLow > 1) {
        dc.gapLow = Math.max(gapLow, low - 1);
        dc.gapHigh = Math.min(gapHigh, high + 1);
      }
    }
    if (isWhole && dc.gapLow === dc.gapHigh && ended === 0 && !isComplete) return undefined;
    return new DcAndRestart(dc, { ended, restart, isComplete });
  }
}

/**
 * Reads a byte of AC coefficients. Most bytes stay in their block.
 * @param next of the `AcAutomaton` @returns the position after it, `BLOCK_END` or a verdict
 */
function stepWithin(next: Int16Array, position: number, byte: number): number {
  let at = position;
  for (let shift = 7; shift >= 0; shift--) {
    at = next[2 * at + ((byte >> shift) & 1)];
    if (at < 0) return at;
  }
  return at;
}

/**
 * Reads the second byte of a marker: the restart marker that the first one determined, or the end.
 */
function stepMarker(place: Place, byte: number): boolean {
  if (byte === EOI) {
    place.local = outside(COMPLETE);
    return true;
  }
  if (byte < RST0 || byte > RST0 + 7) return false;
  // Restart markers count 0..7 and again from 0 (T.81 B.2.1).
  const restart = (byte - RST0 - place.ended) & 7;
  if (place.restart !== ANY_RESTART && place.restart !== restart) return false;
  place.restart = restart;
  place.local = SEGMENT_START;
  place.mcu++;
  place.ended++;
  place.isUnknown = false;
  place.sum = 0;
  return true;
}

/**
 * Whether the next DC value is predicted from one that was read before: true for Y blocks after the
 * first.
 */
function dependsOnBefore(local: number): boolean {
  const block = blockOf(local);
  return placeOf(local) < AC_PLACES ? block >= 1 && block <= 3 : block <= 2;
}
