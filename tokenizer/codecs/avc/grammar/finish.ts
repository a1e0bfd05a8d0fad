/**
 * Finds a short way from any place to the end of the document: skipped macroblocks in P slices,
 * flat macroblocks in I slices, and the shortest code words in between. A document can always be
 * finished in that many bytes, and each byte on the way brings the end one byte nearer.
 */
import { IDR_SLICE, PPS, SLICE, SPS } from '../nal.ts';
import type { CodedPicture } from '../syntax/context.ts';
import { FIXED, TABLE, TRAILING } from '../syntax/element.ts';
import { hasLaterOrder } from '../syntax/slice.ts';
import type { SyntaxState } from '../syntax/state.ts';
import type { BitWalk } from './bits.ts';
import { type ByteWalk, LONG_HEADER, PAYLOAD, PROTECTED, SHORT_HEADER } from './bytes.ts';
import { slicesKey } from './key.ts';

/** mb_type of Intra16x16 with DC prediction and no coefficients except DC, in an I slice. */
const FLAT = 3;
/** codeNum of an empty coded_block_pattern in an intra macroblock. */
const EMPTY_INTRA = 3;
const EMPTY_INTER = 0;
/**
 * Name of a message's payload bytes. The way fills them with FF, which cannot be mistaken for a
 * start code and needs no emulation prevention.
 */
export const MESSAGE_BYTE = 'user_data_payload_byte';
const ONES = 255;
/** nal_ref_idc of the NAL units on the way, as header bits. */
const REFERENCE = 3 << 5;

/** Most places between NAL units that are kept; a clip has some thousands. */
const CAPACITY = 1 << 16;

export class FinishLength {
  /** Bytes to the end, by place between two NAL units. */
  readonly #known = new Map<string, number>();
  /** The same by picture and place in the picture, for places that are asked about repeatedly. */
  readonly #ofPicture = new WeakMap<CodedPicture, Map<number, number>>();
  /** Bytes to the end of a slice, by the context that it depends on. */
  readonly #ofSlice = new Map<number, number>();

  /** Number of bytes from here to the end of the document. */
  bytes(from: ByteWalk): number {
    const walk = from.copy();
    return bytesOfUnit(walk) + this.#afterUnit(walk);
  }

  /**
   * The same inside a picture whose first slice has been read, at a place in sight.
   * @param context a number that identifies everything that the end of this slice depends on
   */
  bytesInPicture(from: ByteWalk, context: number): number {
    const { picture, macroblock, typesSeen, typesAllowed } = from.syntax;
    const place = (macroblock << 8) | (typesSeen << 4) | typesAllowed;
    let places = this.#ofPicture.get(picture!);
    if (places === undefined) this.#ofPicture.set(picture!, (places = new Map()));
    let ofSlice = this.#ofSlice.get(context);
    let after = places.get(place);
    if (ofSlice === undefined || after === undefined) {
      const walk = from.copy();
      ofSlice = bytesOfUnit(walk);
      after = this.#afterUnit(walk);
      if (this.#ofSlice.size === CAPACITY) this.#ofSlice.clear();
      this.#ofSlice.set(context, ofSlice);
      places.set(place, after);
    }
    return ofSlice + after;
  }

  /** @param walk stands between two NAL units; it is changed */
  #afterUnit(walk: ByteWalk): number {
    const passed: { key: string; bytes: number }[] = [];
    let bytes = 0;
    let rest = 0;
    while (!walk.isComplete) {
      const key = slicesKey(walk.syntax);
      const known = this.#known.get(key);
      if (known !== undefined) {
        rest = known;
        break;
      }
      passed.push({ key, bytes });
      walk.step(nextByte(walk));
      bytes += 1 + bytesOfUnit(walk);
    }
    if (this.#known.size + passed.length > CAPACITY) this.#known.clear();
    for (const place of passed) this.#known.set(place.key, bytes - place.bytes + rest);
    return bytes + rest;
  }
}

/** @param walk is moved to the end of its NAL unit */
function bytesOfUnit(walk: ByteWalk): number {
  let bytes = 0;
  while (walk.phase !== 0) {
    bytes += leapOverMessage(walk);
    walk.step(nextByte(walk));
    bytes++;
  }
  return bytes;
}

/**
 * Number of bytes of a message that can be skipped: all but its last. Its size gives their number,
 * because none of them needs emulation prevention.
 */
function leapOverMessage({ phase, syntax }: ByteWalk): number {
  if (phase !== PAYLOAD || syntax.name !== MESSAGE_BYTE || syntax.count < 2) return 0;
  const bytes = syntax.count - 1;
  syntax.count = 1;
  return bytes;
}

/** The next byte of the way. */
export function nextByte(walk: ByteWalk): number {
  switch (walk.phase) {
    case 0:
    case 1:
      return 0;
    case 2:
      return walk.canBeShort() ? 1 : 0;
    case 3:
      return 1;
    case SHORT_HEADER:
    case LONG_HEADER:
      return nextHeader(walk.syntax);
    case PAYLOAD:
    case PROTECTED: {
      const byte = shortestByte(walk.bits, walk.phase === PROTECTED);
      const isBare = walk.phase === PAYLOAD && walk.zeros === 2;
      return isBare && byte <= 3 ? 3 : byte;
    }
    default:
      throw new RangeError(`no such phase: ${walk.phase}`);
  }
}

function nextHeader(state: SyntaxState): number {
  const { picture, sps, pps, frame, unitsOfFrame } = state;
  if (picture !== undefined) return picture.header;
  if (sps === undefined) return REFERENCE | SPS;
  if (pps === undefined) return REFERENCE | PPS;
  const isNewSequence = frame === 0 || ((unitsOfFrame >> SPS) & 3) !== 0;
  return REFERENCE | (isNewSequence || !hasLaterOrder(state) ? IDR_SLICE : SLICE);
}

/** @param isLow whether the byte must be 00 to 03 */
function shortestByte(from: BitWalk, isLow: boolean): number {
  const walk = from.copy();
  let byte = 0;
  for (let i = 0; i < 8; i++) {
    const bit = isLow && i < 6 ? 0 : shortestBit(walk);
    walk.step(bit);
    byte = 2 * byte + bit;
  }
  return byte;
}

function shortestBit(walk: BitWalk): number {
  if (!walk.allows(0)) return 1;
  if (!walk.allows(1)) return 0;
  const { syntax } = walk;
  if (syntax.kind === TRAILING) return 0;
  if (syntax.kind === TABLE) {
    const code = syntax.code!;
    return code.bitsToEnd(walk.value, 1) <= code.bitsToEnd(walk.value, 0) ? 1 : 0;
  }
  const wanted = wantedValue(syntax);
  if (wanted !== undefined) {
    for (const bit of [0, 1]) {
      const first = walk.least(bit);
      if (wanted >= first && wanted <= first + walk.span(bit)) return bit;
    }
  }
  // Take the Exp-Golomb word that ends first; for other elements, the smallest value.
  return syntax.kind !== FIXED && walk.value === 0 ? 1 : 0;
}

function wantedValue({ name, isIntraSlice, isIntra }: SyntaxState): number | undefined {
  switch (name) {
    case 'mb_skip_run':
    case 'prev_intra4x4_pred_mode_flag':
      return 1;
    case 'mb_type':
      return isIntraSlice ? FLAT : undefined;
    case 'coded_block_pattern':
      return isIntra ? EMPTY_INTRA : EMPTY_INTER;
    case MESSAGE_BYTE:
      return ONES;
    default:
      return undefined;
  }
}
