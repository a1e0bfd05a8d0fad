/**
 * Work that may have to wait for other ranks, written once: a generator that yields what it waits
 * for. Where nothing has to be waited for, it runs like a plain function.
 */
import { CodecLmError } from '../../base/error.ts';

export type Turns<T> = Generator<Promise<unknown>, T, unknown>;

/** Waits for a value inside of such work, if it is not here yet: `yield* settled(value)`. */
export function* settled<T>(value: T | Promise<T>): Turns<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Runs work that has nothing to wait for. */
export function runNow<T>(work: Turns<T>): T {
  const { done, value } = work.next();
  if (done) return value;
  throw new CodecLmError('INTERNAL', 'this model has to wait for other ranks');
}

/** Runs work and waits where it has to. */
export async function run<T>(work: Turns<T>): Promise<T> {
  let step = work.next();
  while (!step.done) {
    const settled = await step.value.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    step = 'error' in settled ? work.throw(settled.error) : work.next(settled.value);
  }
  return step.value;
}
