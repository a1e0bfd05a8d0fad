/**
 * Reads a document one byte at a time: start codes (H.264 B.1.1), NAL unit headers, and payloads
 * with their emulation prevention (7.4.1).
 */
import { PPS, SPS } from '../nal.ts';
import type { SyntaxState, Target } from '../syntax/state.ts';
import { canEnd, canGoOn, needsZeroByte, startOfDocument } from '../syntax/unit.ts';
import { BitWalk } from './bits.ts';

/**
 * Phases: the part of the stream to which the next byte belongs. Smaller numbers count the zero
 * bytes of a start code that have been read.
 */
export const SHORT_HEADER = 4;
export const LONG_HEADER = 5;
export const PAYLOAD = 6;
/** The next byte follows an emulation_prevention_three_byte: 00 00 03 was read. */
export const PROTECTED = 7;

const PREVENTION = 3;
/** Number of leading bits that are 0 in a byte that needs emulation prevention (00 to 03). */
const PROTECTED_ZEROS = 6;

export class ByteWalk {
  readonly bits: BitWalk;
  /** The phase: 0..3 zero bytes of a start code, or one of the constants above. */
  phase = 0;
  /** Number of zero bytes at the end of the payload read so far. */
  zeros = 0;
  /** Payload of the current parameter set, as far as it has been read. */
  payload: readonly number[] = [];

  constructor(bits: BitWalk) {
    this.bits = bits;
  }

  static start(target: Target): ByteWalk {
    return new ByteWalk(new BitWalk(startOfDocument(target)));
  }

  get syntax(): SyntaxState {
    return this.bits.syntax;
  }

  copy(): ByteWalk {
    const copy = new ByteWalk(this.bits.copy());
    copy.phase = this.phase;
    copy.zeros = this.zeros;
    copy.payload = this.payload;
    return copy;
  }

  get isComplete(): boolean {
    return this.phase === 0 && canEnd(this.syntax) && !canGoOn(this.syntax);
  }

  /** Reads a byte. @returns whether it is allowed; if not, the walk stays at the refused bit */
  step(byte: number): boolean {
    switch (this.phase) {
      case 0:
      case 1:
        if (byte !== 0 || !canGoOn(this.syntax)) return false;
        this.phase++;
        return true;
      case 2:
        if (byte === 0) this.phase = 3;
        else if (byte === 1 && this.canBeShort()) this.phase = SHORT_HEADER;
        else return false;
        return true;
      case 3:
        if (byte !== 1) return false;
        this.phase = LONG_HEADER;
        return true;
      case SHORT_HEADER:
        return !needsZeroByte(this.syntax, byte & 31) && this.#stepHeader(byte);
      case LONG_HEADER:
        return this.#stepHeader(byte);
      default:
        return this.#stepPayload(byte);
    }
  }

  /**
   * Whether a three-byte start code may come here, that is, whether a unit other than a parameter
   * set may follow.
   */
  canBeShort(): boolean {
    const { macroblock, unitsOfFrame, pps } = this.syntax;
    return macroblock > 0 || (unitsOfFrame !== 0 && pps !== undefined);
  }

  /** Whether the next byte of the payload may be 00, 01, 02 or 03. */
  canBeProtected(): boolean {
    const trial = this.bits.copy();
    for (let i = 0; i < PROTECTED_ZEROS; i++) {
      if (!trial.allows(0)) return false;
      trial.step(0);
    }
    return true;
  }

  #stepHeader(byte: number): boolean {
    if (!this.#stepBits(byte)) return false;
    this.phase = PAYLOAD;
    this.zeros = 0;
    this.payload = [];
    return true;
  }

  #stepPayload(byte: number): boolean {
    if (this.phase === PROTECTED) {
      if (byte > PREVENTION) return false;
      this.phase = PAYLOAD;
      this.zeros = 0;
    } else if (this.zeros === 2 && byte <= PREVENTION) {
      if (byte !== PREVENTION || !this.canBeProtected()) return false;
      this.phase = PROTECTED;
      return true;
    }
    return this.#stepPayloadBits(byte);
  }

  #stepPayloadBits(byte: number): boolean {
    if (!this.#stepBits(byte)) return false;
    const type = this.syntax.header & 31;
    if (type === SPS || type === PPS) this.payload = [...this.payload, byte];
    this.zeros = byte === 0 ? this.zeros + 1 : 0;
    if (this.bits.isUnitRead) {
      this.bits.finishUnit(this.payload);
      this.phase = 0;
      this.zeros = 0;
      this.payload = [];
    }
    return true;
  }

  #stepBits(byte: number): boolean {
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >> shift) & 1;
      if (!this.bits.allows(bit)) return false;
      this.bits.step(bit);
    }
    return true;
  }
}
