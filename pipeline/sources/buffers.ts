/**
 * Memory that inputs are read into, used again and again. As garbage, megabytes an image, it had
 * V8 collect all the time: a fifteenth of a run over 12-megapixel sources.
 */

/** Less is left to Node, whose small buffers share memory; more is not kept. Bytes. */
const LEAST = 1 << 16;
const MOST = 1 << 24;
/** Sizes are rounded up to one of so many between a power of two and the next. */
const STEPS = 4;

const free: ArrayBuffer[] = [];

/** @returns `size` bytes of any content */
export function takeBuffer(size: number): Buffer {
  if (size < LEAST || size > MOST) return Buffer.allocUnsafe(size);
  // The smallest that is large enough; else another goes for it, so that there are no more of
  // them than were ever in use at once.
  let best = -1;
  free.forEach(({ byteLength }, i) => {
    if (byteLength >= size && (best < 0 || byteLength < free[best].byteLength)) best = i;
  });
  const found = best >= 0 ? free.splice(best, 1)[0] : undefined;
  if (!found) free.pop();
  return Buffer.from(found ?? new ArrayBuffer(roundedUp(size)), 0, size);
}

/** Nobody may use the buffer, or a part of it, any more. */
export function giveBuffer({ buffer }: Buffer): void {
  const { byteLength } = buffer;
  if (byteLength >= LEAST && byteLength <= MOST) free.push(buffer as ArrayBuffer);
}

function roundedUp(size: number): number {
  const step = 2 ** Math.floor(Math.log2(size)) / STEPS;
  return Math.ceil(size / step) * step;
}
