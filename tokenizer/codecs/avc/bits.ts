/** Reads syntax elements from the bits of one NAL unit. */
import {
  allowsAny,
  type Element,
  FIXED,
  SIGNED,
  signedOf,
  TABLE,
  UNSIGNED,
} from './syntax/element.ts';

/** Returned by `BitReader.read` when the value is not allowed. */
const NOT_ALLOWED = Number.NaN;

/** Bytes beyond the end that may be read; they must exist. */
export const READ_AHEAD = 8;

export class BitReader {
  /** Number of bits read. */
  position = 0;
  #bytes: Uint8Array = new Uint8Array(READ_AHEAD);

  /** @param bytes the unit, followed by `READ_AHEAD` extra bytes */
  load(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.position = 0;
  }

  /** The next 32 bits, as a signed number. */
  peek(): number {
    const bytes = this.#bytes;
    const i = this.position >> 3;
    const shift = this.position & 7;
    const word = (bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3];
    return shift === 0 ? word : (word << shift) | (bytes[i + 4] >> (8 - shift));
  }

  /**
   * Reads the value of an element and moves on; returns `NOT_ALLOWED` and stays if the value is not
   * allowed.
   */
  read(element: Element): number {
    switch (element.kind) {
      case FIXED:
        return this.#accept(element, this.peek() >>> (32 - element.size), element.size);
      case TABLE: {
        const found = element.code!.read(this.peek());
        if (found < 0) return NOT_ALLOWED;
        this.position += found & 31;
        return found >> 5;
      }
      case UNSIGNED:
      case SIGNED:
        return this.#readExpGolomb(element);
      default:
        return NOT_ALLOWED;
    }
  }

  #readExpGolomb(element: Element): number {
    const next = this.peek();
    const zeros = Math.clz32(next);
    let codeNum: number;
    if (zeros < 16) codeNum = (next >>> (31 - 2 * zeros)) - 1;
    else if (zeros < 32) {
      this.position += zeros;
      codeNum = (this.peek() >>> (31 - zeros)) - 1;
      this.position -= zeros;
    } else return NOT_ALLOWED;
    const value = element.kind === UNSIGNED ? codeNum : signedOf(codeNum);
    return this.#accept(element, value, 2 * zeros + 1);
  }

  #accept(element: Element, value: number, bits: number): number {
    const { low, high, ranges } = element;
    if (value < low || value > high) return NOT_ALLOWED;
    if (ranges !== undefined && !allowsAny(element, value, value)) return NOT_ALLOWED;
    this.position += bits;
    return value;
  }
}
