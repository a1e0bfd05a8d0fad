/**
 * Reuses the memory of inputs. As garbage of megabytes per image, it made V8 collect all the time,
 * which took a fifteenth of a run over 12-megapixel sources.
 */

/**
 * Smallest buffer in bytes that is reused. Smaller ones are left to Node, which allocates them from
 * a shared pool.
 */
const LEAST = 1 << 16;
const MOST = 1 << 24;
/** Sizes are rounded up to one of this many steps between two powers of two. */
const STEPS = 4;

const free: ArrayBuffer[] = [];
/** Buffers that were taken here and not given back: others are never taken, so they would pile up. */
const lent = new WeakSet<ArrayBufferLike>();

/** @returns `size` bytes of any content */
export function takeBuffer(size: number): Buffer {
  if (size < LEAST || size > MOST) return Buffer.allocUnsafe(size);
  // Take the smallest buffer that is large enough. If there is none, drop one of the others, so
  // that there are never more buffers than were in use at once.
  let best = -1;
  free.forEach(({ byteLength }, i) => {
    if (byteLength >= size && (best < 0 || byteLength < free[best].byteLength)) best = i;
  });
  const found = best >= 0 ? free.splice(best, 1)[0] : undefined;
  if (!found) free.pop();
  const memory = found ?? new ArrayBuffer(roundedUp(size));
  lent.add(memory);
  return Buffer.from(memory, 0, size);
}

/** Returns a buffer, which may come from elsewhere; nobody may use it, or a part of it, afterwards. */
export function giveBuffer({ buffer }: Buffer): void {
  if (lent.delete(buffer)) free.push(buffer as ArrayBuffer);
}

function roundedUp(size: number): number {
  const step = 2 ** Math.floor(Math.log2(size)) / STEPS;
  return Math.ceil(size / step) * step;
}
