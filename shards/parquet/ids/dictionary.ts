/** Chooses the ids of a row group's dictionary. */
import { bitWidth } from '../bits.ts';
import type { Dictionary } from './ids-page.ts';

/**
 * The dictionary holds the ids that occur, if they need fewer bits than the whole vocabulary.
 * Otherwise it holds the whole vocabulary, which takes a few bytes more and saves a lookup per
 * token.
 */
export function dictionaryOf(rows: Uint16Array[], vocabSize: number): Dictionary {
  const isSeen = new Uint8Array(vocabSize);
  const half = 2 ** (bitWidth(vocabSize) - 1);
  let seen = 0;
  for (const ids of rows) {
    seen += markSeen(ids, isSeen);
    // Usually true after the first of hundreds of rows.
    if (seen > half) return wholeVocabulary(vocabSize);
  }
  const ids = new Uint16Array(seen);
  let entries = 0;
  for (let id = 0; id < vocabSize; id++) if (isSeen[id] > 0) ids[entries++] = id;
  return { ids, isIdentity: isIdentity(ids) };
}

function wholeVocabulary(vocabSize: number): Dictionary {
  return { ids: Uint16Array.from({ length: vocabSize }, (_, id) => id), isIdentity: true };
}

/** @param ids ascending and unique */
export function isIdentity(ids: Uint16Array): boolean {
  return ids.every((id, i) => id === i);
}

/** @returns the number of new ids */
function markSeen(ids: Uint16Array, isSeen: Uint8Array): number {
  let added = 0;
  for (let i = 0; i < ids.length; i++) {
    if (isSeen[ids[i]] > 0) continue;
    isSeen[ids[i]] = 1;
    added++;
  }
  return added;
}

/** The index of each id in the dictionary: [vocabSize]. */
export function indicesOf(dictionary: Dictionary, vocabSize: number): Uint16Array {
  const indices = new Uint16Array(vocabSize);
  for (const [index, id] of dictionary.ids.entries()) indices[id] = index;
  return indices;
}
