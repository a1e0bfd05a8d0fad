/** Cuts work whose rows are independent, so that wide intermediate results never lie whole. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';

/**
 * Most elements of a wide intermediate result: 16 MiB of fp32. Products of fewer rows would not use
 * the device fully.
 */
const MOST_ELEMENTS = 2 ** 22;
const FEWEST_ROWS = 256;

/** Rows from `start` up to `end`. */
export interface RowChunk {
  start: number;
  end: number;
}

/** Rows per piece for results of `width` columns. */
export function rowsPerChunk(width: number): number {
  return Math.max(FEWEST_ROWS, Math.floor(MOST_ELEMENTS / width));
}

/** Pieces of nearly equal size. @param width columns of the widest result */
export function rowChunks(rows: number, width: number): RowChunk[] {
  const count = Math.max(1, Math.ceil(rows / rowsPerChunk(width)));
  return Array.from({ length: count }, (_, i) => ({
    start: Math.floor((rows * i) / count),
    end: Math.floor((rows * (i + 1)) / count),
  }));
}

/** The rows of a chunk; the caller disposes of them. */
export function chunkOf({ tf }: Backend, x: Tensor2D, { start, end }: RowChunk): Tensor2D {
  if (end - start === x.shape[0]) return tf.clone(x);
  return tf.slice(x, [start, 0], [end - start, x.shape[1]]);
}

/** Joins the rows of all chunks, and disposes of them. */
export function joinRows({ tf }: Backend, chunks: Tensor2D[]): Tensor2D {
  if (chunks.length === 1) return chunks[0];
  const joined = tf.concat(chunks, 0);
  tf.dispose(chunks);
  return joined;
}

/** Adds tensors to sums, one by one, and disposes of what was added. */
export function addTo({ tf }: Backend, sums: Tensor[] | undefined, more: Tensor[]): Tensor[] {
  if (!sums) return more;
  return sums.map((sum, i) => {
    const total = tf.add(sum, more[i]);
    tf.dispose([sum, more[i]]);
    return total;
  });
}
