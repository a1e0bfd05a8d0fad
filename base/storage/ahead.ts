/** Runs work ahead of its consumer, in order. */

/**
 * Runs `work` for each item, at most `depth` at once, and yields the results in the order of the
 * items. Nothing more is begun when the consumer stops.
 */
export async function* ahead<T, R>(
  items: Iterable<T>,
  depth: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  for (const item of items) {
    const result = work(item);
    // An error is thrown when it is this item's turn, not earlier as an unhandled rejection.
    result.catch(() => undefined);
    pending.push(result);
    if (pending.length >= depth) yield await pending.shift()!;
  }
  for (const result of pending) yield await result;
}
