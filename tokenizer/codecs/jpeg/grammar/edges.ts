/**
 * Blocks that lie completely outside of the image. If its width or height in 8x8 blocks is odd, the
 * last MCUs of each row or column have such blocks (T.81 A.2.4 leaves their content to the
 * encoder). libjpeg, and so every canonical document, writes them empty: the DC of the previous
 * block and no AC.
 */
import { type Geometry, MCU_SIDE } from '../header.ts';

const BLOCK_SIDE = MCU_SIDE / 2;

/** The blocks of an MCU that are outside, as a sum of these two constants, 0..3. */
export type Edge = number;
const RIGHT = 1;
const BOTTOM = 2;
export const EDGES: readonly Edge[] = [0, RIGHT, BOTTOM, RIGHT + BOTTOM];

/** Whether Y block 0..3 (two by two, row by row) of an MCU with this edge is outside. */
export function isOutside(edge: Edge, block: number): boolean {
  if (block > 3) return false;
  return ((edge & RIGHT) !== 0 && block % 2 === 1) || ((edge & BOTTOM) !== 0 && block >= 2);
}

export class McuEdges {
  readonly #columns: number;
  readonly #rows: number;
  readonly #right: Edge;
  readonly #bottom: Edge;

  constructor({ width, height, mcuColumns, mcuRows }: Geometry) {
    this.#columns = mcuColumns;
    this.#rows = mcuRows;
    this.#right = Math.ceil(width / BLOCK_SIDE) % 2 === 1 ? RIGHT : 0;
    this.#bottom = Math.ceil(height / BLOCK_SIDE) % 2 === 1 ? BOTTOM : 0;
  }

  of(mcu: number): Edge {
    if (this.#right + this.#bottom === 0) return 0;
    const column = mcu % this.#columns;
    return (column === this.#columns - 1 ? this.#right : 0) + this.#ofRow(mcu);
  }

  /**
   * A number that two MCUs share only if the next `mcus` MCUs from them on have the same edges. It
   * is small, unless a row is shorter than `mcus`: then each MCU has its own number.
   */
  ahead(mcu: number, mcus: number): number {
    if (this.#right + this.#bottom === 0) return 0;
    if (this.#columns < mcus) return mcu;
    const columnsToCome = this.#columns - 1 - (mcu % this.#columns);
    const here = this.#ofRow(mcu);
    // The end of this row is out of reach.
    if (columnsToCome >= mcus) return here >> 1;
    const below = this.#ofRow(mcu + this.#columns);
    return 2 + 4 * columnsToCome + here + (below >> 1);
  }

  #ofRow(mcu: number): Edge {
    return Math.floor(mcu / this.#columns) === this.#rows - 1 ? this.#bottom : 0;
  }
}
