/** Describes places in a document for error messages. */
import type { Geometry } from '../header.ts';
import type { SegmentCursor } from './segment.ts';
import { COMPLETE, mcuOf, OUTSIDE, SECOND_MARKER_BYTE, SEGMENT_END } from './state.ts';

/** Blocks of an MCU in the order of their coding (T.81 A.2.3). */
const COMPONENTS = ['Y', 'Y', 'Y', 'Y', 'Cb', 'Cr'];

/**
 * @param state gives the MCU
 * @param cursor gives the place in the MCU
 * @example 'MCU 17 of 256 (column 1, row 1), block 2 (Y), coefficient 5'
 */
export function describeJpegPlace(
  geometry: Geometry,
  state: number,
  cursor: SegmentCursor,
): string {
  const { block, place, coefficient } = cursor;
  if (block === OUTSIDE && place === COMPLETE) return 'after the end of the image';
  if (block === OUTSIDE && place !== SECOND_MARKER_BYTE) return `byte ${place} of the header`;

  const { mcuColumns, mcuCount } = geometry;
  const mcu = mcuOf(state);
  const where = `MCU ${mcu} of ${mcuCount} (column ${mcu % mcuColumns}, row ${Math.floor(mcu / mcuColumns)})`;
  if (block === OUTSIDE) return `second byte of the marker after ${where}`;
  if (block === SEGMENT_END) return `end of ${where}`;
  return `${where}, block ${block} (${COMPONENTS[block]}), coefficient ${coefficient}`;
}
