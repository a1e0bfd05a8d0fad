/**
 * Bytes of the buffers behind all tensors of tfjs, and their highest sum. Its own count of bytes
 * counts a buffer once for each tensor that looks at it.
 */
import type { Tfjs } from '../../compute/native.ts';

interface BufferInfo {
  bytes: number;
}

class CountedBuffers extends WeakMap<object, BufferInfo> {
  bytes = 0;
  peak = 0;

  override set(buffer: object, info: BufferInfo): this {
    if (!this.has(buffer)) this.bytes += info.bytes;
    this.peak = Math.max(this.peak, this.bytes);
    return super.set(buffer, info);
  }

  override delete(buffer: object): boolean {
    this.bytes -= this.get(buffer)?.bytes ?? 0;
    return super.delete(buffer);
  }
}

/** Begins to count, from buffers that are made from now on. */
export function countTensorBytes(tf: Tfjs): { readonly bytes: number; readonly peak: number } {
  const { state } = tf.engine() as unknown as {
    state: { tensorInfo: WeakMap<object, BufferInfo> };
  };
  const before = state.tensorInfo;
  const counted = new CountedBuffers();
  const { get, has } = counted;
  // Tensors from before are still known, and not counted.
  counted.get = (buffer) => get.call(counted, buffer) ?? before.get(buffer);
  counted.has = (buffer) => has.call(counted, buffer) || before.has(buffer);
  state.tensorInfo = counted;
  return counted;
}
