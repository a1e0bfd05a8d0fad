/** What ranks found of their share of a list, brought together in the order of the list. */
import type { Communicator } from '../../trainer/distributed/communicator.ts';

/** Numbers of one message. */
const MESSAGE = 2 ** 20;

/**
 * Collective.
 * @param own numbers of this rank's items, by their place in the list; each item has one rank
 * @param lengths how many numbers there are of each item, the same in all ranks
 * @returns those of all items, bit for bit
 */
export async function gatherNumbers(
  own: ReadonlyMap<number, Float64Array>,
  lengths: readonly number[],
  communicator: Communicator,
): Promise<Float64Array[]> {
  const all = new Float64Array(lengths.reduce((sum, length) => sum + length, 0));
  const rows: Float64Array[] = [];
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const row = all.subarray(at, at + length);
    const found = own.get(i);
    if (found) row.set(found);
    rows.push(row);
    at += length;
  }
  if (communicator.size === 1) return rows;
  // The other ranks have zeros there, so the sum is what the one rank has.
  for (let from = 0; from < all.length; from += MESSAGE) {
    await communicator.allReduce(all.subarray(from, from + MESSAGE));
  }
  return rows;
}
