/** Ranks that are tasks of one process: collectives by the definition, for tests of what is built on them. */
import type { Communicator, Numbers } from '../../trainer/distributed/communicator.ts';

/** Communicators of `size` ranks. Each collective waits until all ranks have called it. */
export function inProcessRanks(size: number): Communicator[] {
  let parts: unknown[] = [];
  let waiting: (() => void)[] = [];
  /** The contribution of every rank, in the order of ranks. */
  async function meet<T>(rank: number, part: T): Promise<T[]> {
    const own = parts;
    own[rank] = part;
    if (own.filter((each) => each !== undefined).length < size) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      const others = waiting;
      parts = [];
      waiting = [];
      for (const go of others) go();
    }
    return own as T[];
  }
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    async allReduce(values: Numbers, reduction = 'sum') {
      const all = await meet(rank, values.slice());
      for (let i = 0; i < values.length; i++) {
        const column = all.map((each) => each[i]);
        values[i] =
          reduction === 'max' ? Math.max(...column) : column.reduce((sum, value) => sum + value, 0);
      }
    },
    async reduceScatter(values: Float32Array, counts: readonly number[]) {
      const all = await meet(rank, values.slice());
      const start = counts.slice(0, rank).reduce((sum, count) => sum + count, 0);
      return Float32Array.from({ length: counts[rank] }, (_, i) =>
        all.reduce((sum, each) => sum + each[start + i], 0),
      );
    },
    async allGather(part: Float32Array) {
      const all = await meet(rank, part.slice());
      return Float32Array.from(all.flatMap((each) => [...each]));
    },
    async broadcast(values: Numbers, root: number) {
      values.set((await meet(rank, values.slice()))[root]);
    },
    async barrier() {
      await meet(rank, true);
    },
    async close() {},
  }));
}
