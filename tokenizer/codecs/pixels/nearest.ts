/**
 * The nearest of many points in a space of three dimensions, by squared distance; the first of equals.
 * Points are sorted by the sum of their coordinates. A sum that differs by s is at least s / sqrt(3)
 * away, so the search goes outward from the sum looked for and ends early: colours of photographs
 * differ mostly in how bright they are.
 */

/** Keeps the bound below any rounding error of a distance. */
const SLACK = 1 - 1e-9;

export type Nearest = (x: number, y: number, z: number) => number;

/** @param points [count, 3] */
export function nearestOf(points: ArrayLike<number>): Nearest {
  const count = points.length / 3;
  const sumOf = (i: number) => points[3 * i] + points[3 * i + 1] + points[3 * i + 2];
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => sumOf(a) - sumOf(b) || a - b);
  const sums = Float64Array.from(order, sumOf);
  const sorted = new Float64Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) sorted[3 * i + c] = points[3 * order[i] + c];
  }
  return (x, y, z) => {
    const sum = x + y + z;
    let above = firstAtLeast(sums, sum);
    let below = above - 1;
    let best = Number.POSITIVE_INFINITY;
    let index = -1;
    while (below >= 0 || above < count) {
      const lower = below >= 0 ? sum - sums[below] : Number.POSITIVE_INFINITY;
      const upper = above < count ? sums[above] - sum : Number.POSITIVE_INFINITY;
      const gap = Math.min(lower, upper);
      if ((gap * gap * SLACK) / 3 > best) break;
      const at = lower <= upper ? below-- : above++;
      const dx = x - sorted[3 * at];
      const dy = y - sorted[3 * at + 1];
      const dz = z - sorted[3 * at + 2];
      const distance = dx * dx + dy * dy + dz * dz;
      if (distance < best || (distance === best && order[at] < index)) {
        best = distance;
        index = order[at];
      }
    }
    return index;
  };
}

/** The place of the first number of an ascending list that is at least `value`. */
function firstAtLeast(list: Float64Array, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
