/**
 * Packs a state into one number below 2^53: cheap to copy, to compare and to use as a key, and it
 * references no memory.
 *
 *     mcu (24 bits) | block (3) | place (14) | stuffing (1) | predictor (11)
 *
 * The part after the MCU index is the local state: everything that the next bytes depend on, up to
 * the end of the MCU.
 */

/** Bits of the predictor, which is stored with an offset: DC values lie in -1024..1016. */
const PREDICTOR_BITS = 11;
export const PREDICTOR_OFFSET = 1024;
const STUFFING = 1 << PREDICTOR_BITS;
const PLACE_SHIFT = PREDICTOR_BITS + 1;
const PLACE_BITS = 14;
const BLOCK_SHIFT = PLACE_SHIFT + PLACE_BITS;
/** Local states are below this; it is also the step from one MCU to the next. */
export const LOCAL_STATES = 2 ** (BLOCK_SHIFT + 3);

/** Blocks of an MCU: four of Y, one of Cb, one of Cr (T.81 A.2.3). */
export const BLOCKS = 6;
/** In place of a block number: the bits of the MCU are complete. */
export const SEGMENT_END = BLOCKS;
/** In place of a block number: outside of an MCU; the place says where. */
export const OUTSIDE = 7;

/** Places outside of MCUs: 0..58 is the offset of the next header byte; then these. */
export const SECOND_MARKER_BYTE = 1000;
export const COMPLETE = 1001;

/** Places in a block: below this number in the DC tree, from here on in the AC automaton. */
export const AC_PLACES = 4096;

export function packLocal(
  block: number,
  place: number,
  stuffing: boolean,
  predictor: number,
): number {
  return (
    (block << BLOCK_SHIFT) |
    (place << PLACE_SHIFT) |
    (stuffing ? STUFFING : 0) |
    (predictor + PREDICTOR_OFFSET)
  );
}

export const blockOf = (local: number): number => local >> BLOCK_SHIFT;
export const placeOf = (local: number): number => (local >> PLACE_SHIFT) & ((1 << PLACE_BITS) - 1);
/** Whether the previous byte was FF, so that a 00 must follow (T.81 F.1.2.3). */
export const isStuffing = (local: number): boolean => (local & STUFFING) !== 0;
export const withoutStuffing = (local: number): number => local & ~STUFFING;
export const predictorOf = (local: number): number => (local & (STUFFING - 1)) - PREDICTOR_OFFSET;

/** The local state with the predictor removed. */
export const withoutPredictor = (local: number): number =>
  (local & ~(STUFFING - 1)) | PREDICTOR_OFFSET;

export const mcuOf = (state: number): number => Math.floor(state / LOCAL_STATES);
export const localOf = (state: number): number => state - mcuOf(state) * LOCAL_STATES;
export const packState = (mcu: number, local: number): number => mcu * LOCAL_STATES + local;

/** A place outside of MCUs, which has no predictor. */
export const outside = (place: number): number => packLocal(OUTSIDE, place, false, 0);

/** Local state at the first bit of an MCU: a restart sets all predictors to 0 (T.81 F.1.1.5.1). */
export const SEGMENT_START: number = packLocal(0, 0, false, 0);
