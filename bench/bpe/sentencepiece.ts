/** The merges of sentencepiece beside ours, with its tie rule: they have to be the same. */
import { learnMerges } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';

/** Output of `bpe.py spm-learn`. */
export interface SentencepieceReport {
  release: string;
  /** The bytes of each merged token as hex, in order of learning. */
  tokens: string[];
  seconds: number;
}

/** Number of merged tokens that are equal before the first difference. */
export function sameTokens(documents: readonly Uint8Array[], theirs: readonly string[]): number {
  const bpe = new ByteBpe(learnMerges(documents, theirs.length, { ties: 'bytes' }));
  const differs = theirs.findIndex(
    (token, i) => Buffer.from(bpe.tokenSymbols(256 + i)).toString('hex') !== token,
  );
  return differs === -1 ? theirs.length : differs;
}
