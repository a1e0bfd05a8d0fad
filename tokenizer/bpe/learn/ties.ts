/**
 * Decides which of two equally frequent pairs is merged first. BPE learners differ only in this.
 *
 *   ids     the smaller left id, then the smaller right id: Hugging Face tokenizers
 *   bytes   the shorter token, then the one whose bytes come first: sentencepiece
 */
export type TieRule = 'ids' | 'bytes';

/** Ids of two neighbouring tokens. */
export interface Pair {
  readonly left: number;
  readonly right: number;
}

export type PairOrder = (a: Pair, b: Pair) => boolean;

/** @param bytesOf the bytes of each token, by id; it may grow later */
export function tieOrder(rule: TieRule, bytesOf: readonly Uint8Array[]): PairOrder {
  if (rule === 'ids') return hasSmallerIds;
  const joined = ({ left, right }: Pair) => Buffer.concat([bytesOf[left], bytesOf[right]]);
  return (a, b) => {
    const [first, second] = [joined(a), joined(b)];
    if (first.length !== second.length) return first.length < second.length;
    const order = Buffer.compare(first, second);
    // Two pairs give the same bytes: any fixed order will do.
    return order === 0 ? hasSmallerIds(a, b) : order < 0;
  };
}

function hasSmallerIds(a: Pair, b: Pair): boolean {
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}
