/** BPE as its definition reads, too slow to use: what the fast one is compared with. */
import fc from 'fast-check';
import type { Merge } from '../../../tokenizer/bpe/learn/learn.ts';
import type { TieRule } from '../../../tokenizer/bpe/learn/ties.ts';

/** The merges, counting every pair of every document anew for each. */
export function naiveLearn(
  documents: readonly Uint8Array[],
  count: number,
  ties: TieRule = 'ids',
): Merge[] {
  const merges: Merge[] = [];
  const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  let texts = documents.map((document) => [...document]);
  while (merges.length < count) {
    const counts = new Map<string, number>();
    for (const text of texts) {
      for (let i = 1; i < text.length; i++) {
        const pair = `${text[i - 1]} ${text[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const best = [...counts]
      .map(([pair, n]) => ({ n, pair: pair.split(' ').map(Number) }))
      .map((each) => ({ ...each, text: each.pair.map((id) => hex[id]).join('') }))
      .sort((a, b) => {
        if (a.n !== b.n) return b.n - a.n;
        const byText = a.text.length - b.text.length || (a.text < b.text ? -1 : +(a.text > b.text));
        const byIds = a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1];
        return (ties === 'bytes' && byText) || byIds;
      })[0];
    if (!best) break;
    const merge: Merge = [best.pair[0], best.pair[1]];
    texts = texts.map((text) => replace(text, merge, 256 + merges.length));
    merges.push(merge);
    hex.push(best.text);
  }
  return merges;
}

/** Again and again the pair of the lowest rank, the leftmost first. */
export function naiveEncode(bytes: Uint8Array, merges: readonly Merge[]): number[] {
  let text = [...bytes];
  merges.forEach((merge, rank) => {
    text = replace(text, merge, 256 + rank);
  });
  return text;
}

function replace(text: number[], [left, right]: Merge, id: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === left && i + 1 < text.length && text[i + 1] === right) {
      result.push(id);
      i++;
    } else {
      result.push(text[i]);
    }
  }
  return result;
}

/** Runs of equal bytes over tiny alphabets, and restart-like pairs: where counting goes wrong. */
export const adversarialDocument = fc
  .oneof(
    fc.array(fc.tuple(fc.constantFrom(0, 1, 255), fc.integer({ min: 1, max: 9 })), {
      maxLength: 30,
    }),
    fc.array(fc.tuple(fc.constantFrom(0, 255), fc.constant(1)), { maxLength: 120 }),
    fc.array(fc.tuple(fc.constantFrom(0xff, 0xd0, 0xd1), fc.constant(1)), { maxLength: 120 }),
    fc.array(fc.tuple(fc.nat(255), fc.constant(1)), { maxLength: 120 }),
    fc.tuple(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 300 }))),
  )
  .map((runs) =>
    Uint8Array.from(runs.flatMap(([byte, length]) => new Array<number>(length).fill(byte))),
  );

/** Merges of any kind that the rules allow, also such as no text would teach. */
export const anyMerges = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }).map((pairs) => {
  const alphabet = [0, 1, 255];
  const merges: Merge[] = [];
  const seen = new Set<string>();
  for (const [a, b] of pairs) {
    const merge: Merge = [alphabet[a % alphabet.length], alphabet[b % alphabet.length]];
    if (seen.has(merge.join())) continue;
    seen.add(merge.join());
    alphabet.push(256 + merges.length);
    merges.push(merge);
  }
  return merges;
});
