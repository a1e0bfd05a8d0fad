/** A single rank: no communication. */
import type { Communicator } from './communicator.ts';

export const single: Communicator = {
  rank: 0,
  size: 1,
  async allReduce() {},
  async reduceScatter(values, _counts, into) {
    return copyOf(values, into);
  },
  async allGather(part, _counts, into) {
    return copyOf(part, into);
  },
  async broadcast() {},
  async split() {
    return single;
  },
  async barrier() {},
  async close() {},
};

function copyOf(
  values: Float32Array,
  into: Float32Array = new Float32Array(values.length),
): Float32Array {
  into.set(values);
  return into;
}
