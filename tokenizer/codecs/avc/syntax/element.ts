/**
 * One syntax element: the way its value is written as bits (H.264 7.2, 9.1, 9.2), and the values
 * that are allowed at this place.
 */
import type { PrefixCode } from '../tables/prefix-code.ts';

/** u(n): n bits, the highest first. */
export const FIXED = 0;
/** ue(v): Exp-Golomb, 9.1. */
export const UNSIGNED = 1;
/** se(v): signed Exp-Golomb, 9.1.1. */
export const SIGNED = 2;
/** A code word of a table. */
export const TABLE = 3;
/** rbsp_trailing_bits: a 1, then zeros up to the byte boundary. The unit ends with them. */
export const TRAILING = 4;

export type Kind = typeof FIXED | typeof UNSIGNED | typeof SIGNED | typeof TABLE | typeof TRAILING;

/** Description of the element that is to be read next. */
export interface Element {
  /** The name in the standard. */
  readonly name: string;
  readonly kind: Kind;
  /** Number of bits of a `FIXED` element, 1..32. */
  readonly size: number;
  /** The least and the greatest value; without `ranges`, all values between them are allowed. */
  readonly low: number;
  readonly high: number;
  /** Pairs of least and greatest value, ascending. */
  readonly ranges: readonly number[] | undefined;
  /** The code of a `TABLE` element: all its words are allowed. */
  readonly code: PrefixCode | undefined;
}

/** Whether some allowed value lies in first..last. */
export function allowsAny(element: Element, first: number, last: number): boolean {
  const { low, high, ranges } = element;
  if (ranges === undefined) return first <= high && last >= low;
  for (let i = 0; i < ranges.length; i += 2) {
    if (first <= ranges[i + 1] && last >= ranges[i]) return true;
  }
  return false;
}

/** The value that a codeNum of se(v) stands for (table 9-3). */
export function signedOf(codeNum: number): number {
  return codeNum % 2 === 1 ? (codeNum + 1) / 2 : 0 - codeNum / 2;
}

/** Whether some codeNum in first..last of an Exp-Golomb element is allowed. */
export function allowsCodeNum(element: Element, first: number, last: number): boolean {
  if (element.kind === UNSIGNED) return allowsAny(element, first, last);
  // Odd codeNums are positive and ascend, even ones are zero or negative and descend.
  const odd = first % 2 === 1 ? first : first + 1;
  const even = first % 2 === 0 ? first : first + 1;
  const lastOdd = last % 2 === 1 ? last : last - 1;
  const lastEven = last % 2 === 0 ? last : last - 1;
  return (
    (odd <= lastOdd && allowsAny(element, signedOf(odd), signedOf(lastOdd))) ||
    (even <= lastEven && allowsAny(element, signedOf(lastEven), signedOf(even)))
  );
}
