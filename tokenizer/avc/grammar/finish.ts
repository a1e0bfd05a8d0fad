/**
 * A short way from any place to the end of the document: skipped macroblocks in P
 * slices, flat ones in I slices, and in between the shortest code words. Its length
 * always suffices, and each of its bytes brings the end one byte nearer.
 */
import { IDR_SLICE, PPS, SLICE, SPS } from '../nal.ts';
import { FIXED, TABLE, TRAILING } from '../syntax/element.ts';
import { hasLaterOrder } from '../syntax/slice.ts';
import type { SyntaxState } from '../syntax/state.ts';
import type { BitWalk } from './bits.ts';
import { type ByteWalk, LONG_HEADER, PAYLOAD, PROTECTED, SHORT_HEADER } from './bytes.ts';
import { boundaryKey } from './key.ts';

/** mb_type of Intra16x16 by DC with no coefficients but DC, in an I slice. */
const FLAT = 3;
/** codeNum of an empty coded_block_pattern. */
const EMPTY_INTRA = 3;
const EMPTY_INTER = 0;
/** nal_ref_idc of what is written on the way. */
const REFERENCE = 3 << 5;

/** Kept so many places between NAL units; those of a clip are some thousands. */
const CAPACITY = 1 << 16;

export class FinishLength {
  /** By place between two NAL units. */
  readonly #known = new Map<string, number>();

  /** Bytes of the way from here to the end. */
  bytes(from: ByteWalk): number {
    const walk = from.copy();
    let bytes = 0;
    while (walk.phase !== 0) {
      walk.step(nextByte(walk));
      bytes++;
    }
    return bytes + this.#afterUnit(walk);
  }

  /** @param walk stands between two NAL units, and is used up */
  #afterUnit(walk: ByteWalk): number {
    const passed: { key: string; bytes: number }[] = [];
    let bytes = 0;
    let rest = 0;
    while (!walk.isComplete) {
      const key = boundaryKey(walk.syntax);
      const known = this.#known.get(key);
      if (known !== undefined) {
        rest = known;
        break;
      }
      passed.push({ key, bytes });
      do {
        walk.step(nextByte(walk));
        bytes++;
      } while (walk.phase !== 0);
    }
    if (this.#known.size + passed.length > CAPACITY) this.#known.clear();
    for (const place of passed) this.#known.set(place.key, bytes - place.bytes + rest);
    return bytes + rest;
  }
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

/** @param isLow whether it must be 00 to 03 */
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
      const [first, last] = walk.reach(bit);
      if (wanted >= first && wanted <= last) return bit;
    }
  }
  // Of Exp-Golomb words the one that ends first, of others the least.
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
    default:
      return undefined;
  }
}
