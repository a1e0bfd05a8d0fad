/**
 * Bytes of the buffers behind all tensors of tfjs, and of handles that are no tensors, and their highest
 * sum. tfjs's own count of bytes counts a buffer once for each tensor that looks at it.
 */
import type { Tfjs } from '../../compute/native.ts';
import { BFLOAT16 } from '../../trainer/ops/bf16.ts';
import { type Handle, Handles } from '../../trainer/ops/handles.ts';

interface BufferInfo {
  bytes: number;
}

class CountedBuffers extends WeakMap<object, BufferInfo> {
  bytes = 0;
  peak = 0;

  override set(buffer: object, info: BufferInfo): this {
    if (!this.has(buffer)) this.add(info.bytes);
    return super.set(buffer, info);
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.peak = Math.max(this.peak, this.bytes);
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
  countHandles(counted);
  return counted;
}

const own = { run: Handles.prototype.run, free: Handles.prototype.free };
const ends = { take: Handles.prototype.take, close: Handles.prototype.close };

/** The same for handles, until they are freed or become tensors. */
function countHandles(counted: CountedBuffers): void {
  const made = new WeakMap<Handles, Map<number, number>>();
  const forget = (handles: Handles, ids: Iterable<number>) => {
    for (const id of ids) {
      counted.bytes -= made.get(handles)?.get(id) ?? 0;
      made.get(handles)?.delete(id);
    }
  };
  Handles.prototype.run = function (this: Handles, ...call) {
    const results = own.run.apply(this, call);
    const bytes = made.get(this) ?? new Map<number, number>();
    made.set(this, bytes);
    for (const result of results) {
      bytes.set(result.id, bytesOf(result));
      counted.add(bytesOf(result));
    }
    return results;
  };
  Handles.prototype.free = function (this: Handles, ...handles) {
    forget(
      this,
      handles.map(({ id }) => id),
    );
    own.free.call(this, ...handles);
  };
  Handles.prototype.take = function (this: Handles, handle) {
    forget(this, [handle.id]);
    return ends.take.call(this, handle);
  };
  Handles.prototype.close = function (this: Handles) {
    forget(this, [...(made.get(this)?.keys() ?? [])]);
    ends.close.call(this);
  };
}

function bytesOf({ shape, dtype }: Handle): number {
  return (dtype === BFLOAT16 ? 2 : 4) * shape.reduce((product, size) => product * size, 1);
}
