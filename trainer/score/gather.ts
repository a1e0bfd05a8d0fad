/** Figures of documents that several ranks have scored, brought together in their order. */
import type { Communicator } from '../distributed/communicator.ts';
import type { Score } from './document.ts';

export type Figures = Pick<Score, 'bitsPerSymbol' | 'symbols' | 'tokens'>;

/** Whether there is one, and the three figures. */
const FIELDS = 4;

/**
 * Collective.
 * @param own figures of this rank by the place of the document in the list
 * @param documents in the list
 * @returns those of all ranks, bit for bit, in the order of the list
 */
export async function gatherFigures(
  own: ReadonlyMap<number, Figures>,
  documents: number,
  communicator: Communicator,
): Promise<Map<number, Figures>> {
  const values = new Float64Array(FIELDS * documents);
  for (const [index, { bitsPerSymbol, symbols, tokens }] of own) {
    values.set([1, bitsPerSymbol, symbols, tokens], FIELDS * index);
  }
  // Only one rank has anything but zeros for a document: the sum is its figures.
  await communicator.allReduce(values);
  const all = new Map<number, Figures>();
  for (let index = 0; index < documents; index++) {
    const at = FIELDS * index;
    const [isThere, bitsPerSymbol, symbols, tokens] = values.subarray(at, at + FIELDS);
    if (isThere > 0) all.set(index, { bitsPerSymbol, symbols, tokens });
  }
  return all;
}
