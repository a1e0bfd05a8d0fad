/**
 * sentencepiece breaks ties in its own way (the shortest token first, then by text), so
 * its merges can only be compared where the most frequent pair is the only one.
 */
import { learnMerges } from '../../tokenizer/bpe/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';

export interface Agreement {
  /** Merges in agreement, from the first on; within equal frequencies in any order. */
  same: number;
  total: number;
}

/** @param theirs the bytes of each merged token as hex, in order of learning */
export function agreement(documents: readonly Uint8Array[], theirs: readonly string[]): Agreement {
  const frequencies: number[] = [];
  const merges = learnMerges(documents, theirs.length, {
    onMerge: (_, frequency) => frequencies.push(frequency),
  });
  const bpe = new ByteBpe(merges);
  const ours = merges.map((_, i) => Buffer.from(bpe.tokenBytes(256 + i)).toString('hex'));
  let same = 0;
  while (same < ours.length) {
    let end = same + 1;
    while (end < ours.length && frequencies[end] === frequencies[same]) end++;
    const group = new Set(ours.slice(same, end));
    // The last group is cut off where the count ends, not where its frequency does.
    const isLast = end === ours.length;
    const missing = theirs.slice(same, end).filter((token) => !group.has(token));
    if (missing.length > 0 && !(isLast && end - same > 1)) break;
    same = end;
  }
  return { same, total: ours.length };
}
