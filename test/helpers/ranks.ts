/** Ranks inside one process: collectives over arrays, for tests of what is computed, not of MPI. */
import type { Communicator, Numbers, Reduction } from '../../trainer/distributed/communicator.ts';

/** A collective in which not all ranks have arrived. */
interface Meeting {
  given: unknown[];
  arrived: number;
  results: Promise<unknown[]>;
  settle: (results: unknown[]) => void;
}

/**
 * @returns a communicator for each rank; each is to be used by one asynchronous flow, which may
 * begin a collective before the one before has ended
 */
export function ranksInProcess(size: number): Communicator[] {
  /** By the number of the collective. */
  const meetings = new Map<number, Meeting>();
  const groups = new Map<string, Communicator[]>();
  const begun = new Array<number>(size).fill(0);
  /** All ranks give a value; each gets all. */
  const meet = (rank: number, value: unknown): Promise<unknown[]> => {
    const number = begun[rank]++;
    let here = meetings.get(number);
    if (!here) {
      let settle!: Meeting['settle'];
      const results = new Promise<unknown[]>((resolve) => {
        settle = resolve;
      });
      here = { given: new Array(size), arrived: 0, results, settle };
      meetings.set(number, here);
    }
    here.given[rank] = value;
    here.arrived++;
    if (here.arrived === size) {
      meetings.delete(number);
      here.settle(here.given);
    }
    return here.results;
  };
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    async allReduce(values: Numbers, reduction: Reduction = 'sum') {
      const all = (await meet(rank, values.slice())) as Numbers[];
      for (let i = 0; i < values.length; i++) {
        const column = all.map((list) => list[i]);
        values[i] =
          reduction === 'max' ? Math.max(...column) : column.reduce((sum, value) => sum + value, 0);
      }
    },
    async reduceScatter(values: Float32Array, counts: readonly number[]) {
      const all = (await meet(rank, values)) as Float32Array[];
      const start = counts.slice(0, rank).reduce((sum, count) => sum + count, 0);
      return Float32Array.from({ length: counts[rank] }, (_, i) =>
        all.reduce((sum, list) => sum + list[start + i], 0),
      );
    },
    async allGather(part: Float32Array) {
      const all = (await meet(rank, part.slice())) as Float32Array[];
      return Float32Array.from(all.flatMap((list) => [...list]));
    },
    async broadcast(values: Numbers, root: number) {
      const all = (await meet(rank, values.slice())) as Numbers[];
      values.set(all[root]);
    },
    async split(group: number) {
      const number = begun[rank];
      const all = (await meet(rank, group)) as number[];
      const members = all.flatMap((other, i) => (other === group ? [i] : []));
      const key = `${number} ${group}`;
      const made = groups.get(key) ?? ranksInProcess(members.length);
      groups.set(key, made);
      return made[members.indexOf(rank)];
    },
    async barrier() {
      await meet(rank, undefined);
    },
    async close() {
      await meet(rank, undefined);
    },
  }));
}
