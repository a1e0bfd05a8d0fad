/** The verdict on a single bit of a segment: allowed, or the reason why not. */

/**
 * Reasons are negative, so that a table can hold them beside the positions that a bit leads to.
 */
export const ALLOWED = 0;
export const BLOCK_END = -1;
export const CODE_UNASSIGNED = -2;
export const RUN_TOO_LONG = -3;
export const EOB_AFTER_ZRL = -4;
export const DC_OUT_OF_RANGE = -5;
export const PADDING_NOT_ONES = -6;
export const NOT_STUFFED = -7;
export const BLOCK_NOT_EMPTY = -8;

const REASONS: Readonly<Record<number, string>> = {
  [CODE_UNASSIGNED]: 'no Huffman code begins so: codes of all ones are not assigned (T.81 C.2)',
  [RUN_TOO_LONG]: 'the run of zeros goes past coefficient 63 (T.81 F.1.2.2)',
  [EOB_AFTER_ZRL]:
    'an end of block right after a run of 16 zeros, where an encoder writes only the end (T.81 F.1.2.2)',
  [DC_OUT_OF_RANGE]: 'the DC value is out of the range that 8-bit samples can give (T.81 F.1.2.1)',
  [PADDING_NOT_ONES]: 'the last byte of the MCU is not padded with 1-bits (T.81 F.1.2.3)',
  [BLOCK_NOT_EMPTY]:
    'a block outside of the image is not empty: it must have the DC of the previous block and no AC (libjpeg, for T.81 A.2.4)',
  [NOT_STUFFED]: 'an FF of the coded data is not followed by 00 (T.81 F.1.2.3)',
};

export function refusalOf(verdict: number): string {
  return REASONS[verdict];
}
