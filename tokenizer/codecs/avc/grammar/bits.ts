/**
 * Reads the payload of NAL units one bit at a time and says which bits may come next within the
 * current element. A bit is possible when an allowed value continues with it. After every value
 * some element is allowed, so there are no dead ends.
 */
import {
  allowsAny,
  allowsCodeNum,
  FIXED,
  SIGNED,
  signedOf,
  TABLE,
  TRAILING,
} from '../syntax/element.ts';
import type { SyntaxState } from '../syntax/state.ts';
import { NO_CODE } from '../tables/prefix-code.ts';

/** Most leading zeros: no element of the standard has longer Exp-Golomb words. */
const MOST_ZEROS = 31;

export class BitWalk {
  syntax: SyntaxState;
  /** Bits of the current element that have been read. */
  length = 0;
  /**
   * FIXED: the bits so far. Exp-Golomb: the bits from the first 1 on, 0 before it. TABLE: the node.
   */
  value = 0;
  /** Exp-Golomb: 0-bits before the first 1. */
  zeros = 0;
  /** Whether all trailing bits of the NAL unit have been read. */
  isUnitRead = false;

  constructor(syntax: SyntaxState) {
    this.syntax = syntax;
  }

  copy(): BitWalk {
    const copy = new BitWalk(this.syntax.copy());
    copy.length = this.length;
    copy.value = this.value;
    copy.zeros = this.zeros;
    copy.isUnitRead = this.isUnitRead;
    return copy;
  }

  /** Whether the next bit may have this value. */
  allows(bit: number): boolean {
    const { syntax } = this;
    switch (syntax.kind) {
      case TRAILING:
        return bit === (this.length === 0 ? 1 : 0);
      case TABLE:
        return syntax.code!.children[2 * this.value + bit] !== NO_CODE;
      case FIXED: {
        const first = this.least(bit);
        return allowsAny(syntax, first, first + this.span(bit));
      }
      default: {
        if (this.value === 0 && bit === 0 && this.zeros === MOST_ZEROS) return false;
        const first = this.least(bit);
        return allowsCodeNum(syntax, first, first + this.span(bit));
      }
    }
  }

  /** The smallest value (Exp-Golomb: codeNum) that begins with the bits so far and this one. */
  least(bit: number): number {
    if (this.syntax.kind === FIXED) {
      return (2 * this.value + bit) * 2 ** (this.syntax.size - this.length - 1);
    }
    if (this.value === 0) return 2 ** (bit === 0 ? this.zeros + 1 : this.zeros) - 1;
    return (2 * this.value + bit) * 2 ** (2 * this.zeros - this.length) - 1;
  }

  /** Difference between the greatest and the smallest such value. */
  span(bit: number): number {
    if (this.syntax.kind === FIXED) return 2 ** (this.syntax.size - this.length - 1) - 1;
    if (this.value !== 0) return 2 ** (2 * this.zeros - this.length) - 1;
    if (bit === 1) return 2 ** this.zeros - 1;
    return 2 ** (MOST_ZEROS + 1) - 1 - 2 ** (this.zeros + 1);
  }

  /** Reads a bit, which must be allowed. */
  step(bit: number): void {
    const { syntax } = this;
    syntax.position++;
    this.length++;
    switch (syntax.kind) {
      case TRAILING:
        this.isUnitRead = (syntax.position & 7) === 0;
        break;
      case TABLE: {
        const child = syntax.code!.children[2 * this.value + bit];
        if (child < NO_CODE) this.#take(-2 - child);
        else this.value = child;
        break;
      }
      case FIXED:
        this.value = 2 * this.value + bit;
        if (this.length === syntax.size) this.#take(this.value);
        break;
      default:
        this.value = 2 * this.value + bit;
        if (this.value === 0) this.zeros++;
        else if (this.length === 2 * this.zeros + 1) this.#takeCodeNum(this.value - 1);
    }
  }

  /** Ends the NAL unit. */
  finishUnit(rbsp: readonly number[]): void {
    this.isUnitRead = false;
    this.#clear();
    this.syntax.finish(this.syntax, rbsp);
  }

  #takeCodeNum(codeNum: number): void {
    this.#take(this.syntax.kind === SIGNED ? signedOf(codeNum) : codeNum);
  }

  #take(value: number): void {
    this.#clear();
    this.syntax.take(this.syntax, value);
  }

  #clear(): void {
    this.length = 0;
    this.value = 0;
    this.zeros = 0;
  }
}
