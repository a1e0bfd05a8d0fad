/** Two commands that do the same work, timed in turns: what else the machine does falls on both. */
import { type Took, timed } from './process.ts';

export interface Race {
  /** Ratio of the wall-clock times, over 1 if the first is faster: the median of the rounds. */
  ratio: number;
  /** The same by CPU time, which other programs on the machine change less. */
  cpuRatio: number;
  /** Seconds of each by the clock, medians. */
  seconds: { ours: number; theirs: number };
}

/** @param prepare called before each round, not timed */
export async function race(
  ours: readonly string[],
  theirs: readonly string[],
  rounds: number,
  prepare: () => Promise<void>,
): Promise<Race> {
  const pairs: { ours: Took; theirs: Took }[] = [];
  for (let round = 0; round < rounds; round++) {
    await prepare();
    pairs.push({ theirs: await timed(theirs), ours: await timed(ours) });
  }
  const middle = (of: (pair: (typeof pairs)[number]) => number) => median(pairs.map(of));
  return {
    ratio: middle((pair) => pair.theirs.seconds / pair.ours.seconds),
    cpuRatio: middle((pair) => pair.theirs.cpuSeconds / pair.ours.cpuSeconds),
    seconds: {
      ours: middle((pair) => pair.ours.seconds),
      theirs: middle((pair) => pair.theirs.seconds),
    },
  };
}

/** The median; with an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
