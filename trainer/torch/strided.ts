/** Tensors as views of a storage: shape and strides to values in the order of their indices. */

interface View {
  readonly shape: readonly number[];
  /** Elements from one index to the next, by dimension. */
  readonly strides: readonly number[];
}

/** Elements of the storage from the first value to the last. */
export function spanOf({ shape, strides }: View): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, length, i) => span + (length - 1) * strides[i], 1);
}

/** Whether the values lie in the order of their indices, one behind the other. */
export function isContiguous({ shape, strides }: View): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    // Where there is one index only, no step is ever made.
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/**
 * @param bytes from the first value to the last
 * @param width bytes of an element
 * @returns the values, row after row
 */
export function contiguous(bytes: Buffer, { shape, strides }: View, width: number): Buffer {
  const elements = shape.reduce((product, length) => product * length, 1);
  const result = Buffer.alloc(elements * width);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < elements; to++) {
    for (let byte = 0; byte < width; byte++) {
      result[to * width + byte] = bytes[from * width + byte];
    }
    // The next index, as an odometer counts.
    for (let i = shape.length - 1; i >= 0; i--) {
      from += strides[i];
      if (++index[i] < shape[i]) break;
      from -= strides[i] * shape[i];
      index[i] = 0;
    }
  }
  return result;
}
