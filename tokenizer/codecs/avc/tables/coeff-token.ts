/**
 * `coeff_token` (H.264 9.2.1, table 9-5): the number of nonzero coefficients of a block, and the
 * number of trailing ones (+1 or -1) among them.
 */
import { PrefixCode } from './prefix-code.ts';

/** Columns: 0 <= nC < 2, 2 <= nC < 4, 4 <= nC < 8, 8 <= nC, nC = -1. */
export const CHROMA_DC = 4;

/** Rows of table 9-5 in its order: TotalCoeff 0 with 0 TrailingOnes, 1 with 0 and 1, 2 with 0, 1, 2, and so on. */
const TABLE = `
1                11             1111       000011 01
000101           001011         001111     000000 000111
01               10             1110       000001 1
00000111         000111         001011     000100 000100
000100           00111          01111      000101 000110
001              011            1101       000110 001
000000111        0000111        001000     001000 000011
00000110         001010         01100      001001 0000011
0000101          001001         01110      001010 0000010
00011            0101           1100       001011 000101
0000000111       00000111       0001111    001100 000010
000000110        000110         01010      001101 00000011
00000101         000101         01011      001110 00000010
000011           0100           1011       001111 0000000
00000000111      00000100       0001011    010000
0000000110       0000110        01000      010001
000000101        0000101        01001      010010
0000100          00110          1010       010011
0000000001111    000000111      0001001    010100
00000000110      00000110       001110     010101
0000000101       00000101       001101     010110
00000100         001000         1001       010111
0000000001011    00000001111    0001000    011000
0000000001110    000000110      001010     011001
00000000101      000000101      001001     011010
000000100        000100         1000       011011
0000000001000    00000001011    00001111   011100
0000000001010    00000001110    0001110    011101
0000000001101    00000001101    0001101    011110
0000000100       0000100        01101      011111
00000000001111   000000001111   00001011   100000
00000000001110   00000001010    00001110   100001
0000000001001    00000001001    0001010    100010
00000000100      000000100      001100     100011
00000000001011   000000001011   000001111  100100
00000000001010   000000001110   00001010   100101
00000000001101   000000001101   00001101   100110
0000000001100    00000001100    0001100    100111
000000000001111  000000001000   000001011  101000
000000000001110  000000001010   000001110  101001
00000000001001   000000001001   00001001   101010
00000000001100   00000001000    00001100   101011
000000000001011  0000000001111  000001000  101100
000000000001010  0000000001110  000001010  101101
000000000001101  0000000001101  000001101  101110
00000000001000   000000001100   00001000   101111
0000000000001111 0000000001011  0000001101 110000
000000000000001  0000000001010  000000111  110001
000000000001001  0000000001001  000001001  110010
000000000001100  0000000001100  000001100  110011
0000000000001011 0000000000111  0000001001 110100
0000000000001110 00000000001011 0000001100 110101
0000000000001101 0000000000110  0000001011 110110
000000000001000  0000000001000  0000001010 110111
0000000000000111 00000000001001 0000000101 111000
0000000000001010 00000000001000 0000001000 111001
0000000000001001 00000000001010 0000000111 111010
0000000000001100 0000000000001  0000000110 111011
0000000000000100 00000000000111 0000000001 111100
0000000000000110 00000000000110 0000000100 111101
0000000000000101 00000000000101 0000000011 111110
0000000000001000 00000000000100 0000000010 111111`;

/** For each column, the code words, indexed by 4 * TotalCoeff + TrailingOnes. */
export const COEFF_TOKEN_WORDS: readonly ReadonlyMap<number, string>[] = readTable();

function readTable(): Map<number, string>[] {
  const columns = Array.from({ length: 5 }, () => new Map<number, string>());
  let total = 0;
  let ones = 0;
  for (const line of TABLE.trim().split('\n')) {
    const words = line.split(/ +/);
    for (const [column, word] of words.entries()) columns[column].set(4 * total + ones, word);
    // At most three coefficients count as trailing ones.
    if (ones < Math.min(total, 3)) ones++;
    else {
      total++;
      ones = 0;
    }
  }
  return columns;
}

/** Codes, indexed by 32 * column + the most coefficients of that kind of block. */
const codes: (PrefixCode | undefined)[] = [];

/**
 * The code of a block; its values are 4 * TotalCoeff + TrailingOnes.
 * @param column column of the table
 * @param most largest number of coefficients in the block: 4, 15 or 16
 */
export function coeffTokenCode(column: number, most: number): PrefixCode {
  const index = 32 * column + most;
  let code = codes[index];
  if (code === undefined) {
    const words = [...COEFF_TOKEN_WORDS[column]].filter(([value]) => value >> 2 <= most);
    code = new PrefixCode(new Map(words));
    codes[index] = code;
  }
  return code;
}

/**
 * The table column of each nC, 0..16: the number of coefficients predicted from the neighbouring
 * blocks.
 */
export const COLUMN_OF_NC = Uint8Array.of(0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3);
