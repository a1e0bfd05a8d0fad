/**
 * Expands the runs of a bitmap (BI_RLE8 and BI_RLE4, as Microsoft documents them) to one index per
 * byte.
 */

/**
 * Second bytes of a pair whose first byte is 0; larger values count literal indices that follow.
 */
const END_OF_ROW = 0;
const END = 1;
const MOVE = 2;

/**
 * @param isNibbles whether runs have two alternating indices of 4 bits
 * @returns width x height indices, in the order of the file; pixels that the runs skip are 0, and
 *   indices beyond the end of a row are dropped. undefined when the data end without an end mark
 *   and before all rows are full
 */
export function expandRuns(
  body: Uint8Array,
  width: number,
  height: number,
  isNibbles: boolean,
): Uint8Array | undefined {
  const out = new Uint8Array(width * height);
  let x = 0;
  let y = 0;
  const put = (index: number) => {
    if (x < width) out[y * width + x++] = index;
  };
  for (let at = 0; at + 1 < body.length; at += 2) {
    if (y >= height) return out;
    const [count, value] = [body[at], body[at + 1]];
    if (count > 0) {
      for (let i = 0; i < count; i++) put(isNibbles ? nibble(value, i) : value);
    } else if (value === END_OF_ROW) {
      x = 0;
      y++;
    } else if (value === END) {
      return out;
    } else if (value === MOVE) {
      x += body[at + 2] ?? 0;
      y += body[at + 3] ?? 0;
      at += 2;
    } else {
      const bytes = isNibbles ? Math.ceil(value / 2) : value;
      for (let i = 0; i < value; i++) {
        const from = at + 2 + (isNibbles ? i >> 1 : i);
        put(isNibbles ? nibble(body[from], i) : body[from]);
      }
      // Literal indices are padded to an even number of bytes.
      at += bytes + (bytes & 1);
    }
  }
  return y >= height - 1 && x >= width ? out : undefined;
}

function nibble(value: number, i: number): number {
  return i % 2 === 0 ? value >> 4 : value & 15;
}
