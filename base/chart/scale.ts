/** Axes of charts: where a value lies, and which values are named. */
import type { Tick } from './frame.ts';

export interface Axis {
  isLogarithmic: boolean;
  /** The place of a value: 0 at the lower end, 1 at the upper one. */
  at(value: number): number;
  ticks: Tick[];
}

/** A logarithmic axis over less than this ratio says no more than a plain one. */
const LEAST_RATIO = 4;

/**
 * An axis that holds all values.
 * @param mayBeLogarithmic whether an axis over large ratios of positive values becomes logarithmic
 */
export function axisOf(values: readonly number[], mayBeLogarithmic = false): Axis {
  const [min, max] = extent(values.filter(Number.isFinite));
  const isLogarithmic = mayBeLogarithmic && min > 0 && max / min >= LEAST_RATIO;
  const place = isLogarithmic ? Math.log : (value: number) => value;
  const [from, to] = [place(min), place(max)];
  const at = (value: number) => (place(value) - from) / (to - from);
  const named = isLogarithmic ? logTicks(min, max) : ticks(min, max);
  return {
    ...{ isLogarithmic, at },
    ticks: named.map((value) => ({ at: at(value), label: String(Number(value.toPrecision(6))) })),
  };
}

/** Round numbers between two bounds, in steps of 1, 2 or 5 times a power of ten. */
export function ticks(min: number, max: number, about = 5): number[] {
  const rough = (max - min) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const result: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max; i++) result.push(i * step);
  return result;
}

/** 1, 2 and 5 times powers of ten between two positive bounds. */
function logTicks(min: number, max: number): number[] {
  const result: number[] = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power++) {
    result.push(...[1, 2, 5].map((factor) => factor * 10 ** power));
  }
  return result.filter((value) => value >= min && value <= max);
}

function extent(values: readonly number[]): [number, number] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // A single point needs a span too.
  return min === max ? [min - 0.5, max + 0.5] : [min, max];
}
