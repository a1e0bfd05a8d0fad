/**
 * A document one byte at a time: start codes (H.264 B.1.1), NAL unit headers, and
 * payloads with their emulation prevention (7.4.1).
 */
import { PPS, SPS } from '../nal.ts';
import type { SyntaxState, Target } from '../syntax/state.ts';
import { canEnd, canGoOn, needsZeroByte, startOfDocument } from '../syntax/unit.ts';
import { BitWalk } from './bits.ts';

/** What the next byte belongs to. Below it: zero bytes of a start code read so far. */
export const SHORT_HEADER = 4;
export const LONG_HEADER = 5;
export const PAYLOAD = 6;
/** After the 03 that keeps 00 00 and the byte to come apart. */
export const PROTECTED = 7;

const PREVENTION = 3;
/** Bits of a byte that are 0 where it needs protection. */
const PROTECTED_ZEROS = 6;

export class ByteWalk {
  readonly bits: BitWalk;
  /** Zero bytes of a start code, 0..3, or one of the above. */
  phase = 0;
  /** Zero bytes of the payload just read. */
  zeros = 0;
  /** The payload of a parameter set as far as it is read. */
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

  /** Reads a byte and says whether it is allowed; after one that is not, the walk stands at the bit refused. */
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

  /** Whether a start code of three bytes may come here: some unit but a parameter set can. */
  canBeShort(): boolean {
    const { macroblock, unitsOfFrame, pps } = this.syntax;
    return macroblock > 0 || (unitsOfFrame !== 0 && pps !== undefined);
  }

  /** Whether the payload's next byte may be one of 00, 01, 02 and 03. */
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
