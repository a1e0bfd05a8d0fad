/** A single rank: no communication. */
import type { Communicator } from './communicator.ts';

export const single: Communicator = {
  rank: 0,
  size: 1,
  async allReduce() {},
  async reduceScatter(values) {
    return values.slice();
  },
  async allGather(part) {
    return part.slice();
  },
  async broadcast() {},
  async split() {
    return single;
  },
  async barrier() {},
  async close() {},
};
