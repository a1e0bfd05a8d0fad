/**
 * Codes for the positions of coefficients in a block (H.264 9.2.3): `total_zeros`, the zeros before
 * the last coefficient, and `run_before`, the zeros right before each one. Also `level_prefix`
 * (9.2.2.1, table 9-6).
 */
import { PrefixCode } from './prefix-code.ts';

/** Tables 9-7 and 9-8: per TotalCoeff 1..15, the words of 0, 1, 2 ... zeros. */
export const TOTAL_ZEROS_WORDS: readonly (readonly string[])[] = [
  '1 011 010 0011 0010 00011 00010 000011 000010 0000011 0000010 00000011 00000010 000000011 000000010 000000001',
  '111 110 101 100 011 0101 0100 0011 0010 00011 00010 000011 000010 000001 000000',
  '0101 111 110 101 0100 0011 100 011 0010 00011 00010 000001 00001 000000',
  '00011 111 0101 0100 110 101 100 0011 011 0010 00010 00001 00000',
  '0101 0100 0011 111 110 101 100 011 0010 00001 0001 00000',
  '000001 00001 111 110 101 100 011 010 0001 001 000000',
  '000001 00001 101 100 011 11 010 0001 001 000000',
  '000001 0001 00001 011 11 10 010 001 000000',
  '000001 000000 0001 11 10 001 01 00001',
  '00001 00000 001 11 10 01 0001',
  '0000 0001 001 010 1 011',
  '0000 0001 01 1 001',
  '000 001 1 01',
  '00 01 1',
  '0 1',
].map((line) => line.split(' '));

/** Table 9-9 (a): the same for the 2x2 DC coefficients of chroma 4:2:0, TotalCoeff 1..3. */
export const CHROMA_DC_TOTAL_ZEROS_WORDS: readonly (readonly string[])[] = [
  '1 01 001 000',
  '1 01 00',
  '1 0',
].map((line) => line.split(' '));

/** Table 9-10: for zerosLeft 1..6 and above, the words of a run of 0, 1, 2 ... */
export const RUN_BEFORE_WORDS: readonly (readonly string[])[] = [
  '1 0',
  '1 01 00',
  '11 10 01 00',
  '11 10 01 001 000',
  '11 10 011 010 001 000',
  '11 000 001 011 010 101 100',
  '111 110 101 100 011 010 001 0001 00001 000001 0000001 00000001 000000001 0000000001 00000000001',
].map((line) => line.split(' '));

/** The code for the values 0..most of a list of words. */
function codeOf(words: readonly string[], most: number): PrefixCode {
  return new PrefixCode(new Map(words.slice(0, most + 1).entries()));
}

const totalZeros = [15, 16].map((coefficients) =>
  TOTAL_ZEROS_WORDS.map((words, i) => codeOf(words, coefficients - (i + 1))),
);
const chromaDcTotalZeros = CHROMA_DC_TOTAL_ZEROS_WORDS.map((words, i) => codeOf(words, 3 - i));
const runBefore = Array.from({ length: 15 }, (_, i) =>
  codeOf(RUN_BEFORE_WORDS[Math.min(i, RUN_BEFORE_WORDS.length - 1)], i + 1),
);

/**
 * @param total number of nonzero coefficients: 1 .. most - 1
 * @param most largest number of coefficients in the block: 4, 15 or 16
 */
export function totalZerosCode(total: number, most: number): PrefixCode {
  return most === 4 ? chromaDcTotalZeros[total - 1] : totalZeros[most - 15][total - 1];
}

/** @param zerosLeft 1..15 */
export function runBeforeCode(zerosLeft: number): PrefixCode {
  return runBefore[zerosLeft - 1];
}

/**
 * As many 0-bits as the value, then a 1. Values above 15 exist only in the High profiles (9.2.2.1).
 */
export const LEVEL_PREFIX = new PrefixCode(
  new Map(Array.from({ length: 16 }, (_, value) => [value, `${'0'.repeat(value)}1`])),
);
