/**
 * Learned positions of a ViT for another number of patches, as Hugging Face's Dinov2 does it: torch's
 * bicubic interpolation (a = -0.75, pixel centres, no antialiasing), the borders repeated.
 */
import { CodecLmError } from '../../base/error.ts';

const A = -0.75;

/**
 * @param stored [1 + n * n, dims], the class token's first
 * @returns [1 + grid * grid, dims]
 * @throws CodecLmError `CHECKPOINT_INVALID` where the positions are of no square
 */
export function resizePositions(
  stored: Float32Array,
  dims: number,
  grid: number,
  path: string,
): Float32Array {
  const count = stored.length / dims - 1;
  const side = Math.round(Math.sqrt(count));
  if (side < 1 || side * side !== count) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `${path}: tensor embeddings.position_embeddings has ${count} places, which are no square`,
      { path },
    );
  }
  if (side === grid) return stored;
  const result = new Float32Array((1 + grid * grid) * dims);
  result.set(stored.subarray(0, dims));
  const taps = Array.from({ length: grid }, (_, i) => tapsAt(i, side, grid));
  for (let y = 0; y < grid; y++) {
    for (let x = 0; x < grid; x++) {
      const to = (1 + y * grid + x) * dims;
      for (const [row, byRow] of taps[y]) {
        for (const [column, byColumn] of taps[x]) {
          const from = (1 + row * side + column) * dims;
          const weight = byRow * byColumn;
          for (let d = 0; d < dims; d++) result[to + d] += stored[from + d] * weight;
        }
      }
    }
  }
  return result;
}

/** The four places whose sum is place i of `to`, and their weights. */
function tapsAt(i: number, from: number, to: number): [number, number][] {
  const centre = (i + 0.5) * (from / to) - 0.5;
  const start = Math.floor(centre);
  return [-1, 0, 1, 2].map((tap) => {
    const at = Math.min(from - 1, Math.max(0, start + tap));
    return [at, cubic(Math.abs(centre - start - tap))];
  });
}

/** The cubic convolution of Keys (1981). */
function cubic(x: number): number {
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}
