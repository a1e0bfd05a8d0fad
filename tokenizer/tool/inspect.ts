/** What a tokenizer has learned: each merge as bytes, how often it is used, what it means. */
import type { ByteBpe } from '../bpe/tokenizer.ts';
import type { Codec } from '../codec.ts';
import { isDocument, listInputs, readDocument } from './inputs.ts';
import { meaningInJpeg, toHex } from './meaning.ts';

export interface MergeLine {
  rank: number;
  id: number;
  hex: string;
  /** How often the token stands in the documents given; absent without documents. */
  count?: number;
  /** In a JPEG file; empty for a token of plain data. */
  meaning: string;
}

/** @param sources documents to count in, as files and folders; may be empty */
export async function inspectMerges(
  bpe: ByteBpe,
  sources: readonly string[],
  makeCodec: () => Promise<Codec>,
): Promise<MergeLine[]> {
  const counts = sources.length === 0 ? undefined : new Array<number>(bpe.vocabSize).fill(0);
  if (counts) {
    for (const { path } of await listInputs(sources, isDocument)) {
      for (const id of bpe.encode(await readDocument(path, makeCodec))) counts[id]++;
    }
  }
  return bpe.merges.map((_, rank) => {
    const id = bpe.vocabulary.ids[256 + rank];
    const bytes = bpe.tokenBytes(id);
    return { rank, id, hex: toHex(bytes), count: counts?.[id], meaning: meaningInJpeg(bytes) };
  });
}
