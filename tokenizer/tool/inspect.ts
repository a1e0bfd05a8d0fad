/** What a tokenizer has learned: each merge as bytes, how often it is used, what it means. */
import type { ByteBpe } from '../bpe/tokenizer.ts';
import type { Codec } from '../codecs/codec.ts';
import { meaningInJpeg, toHex } from '../codecs/jpeg/meaning.ts';
import { isDocument, listInputs, readDocument } from './inputs.ts';

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

/** Bytes of a token, and letters of its meaning, that a terminal has room for. */
const MOST_BYTES = 12;
const MOST_LETTERS = 60;

/** A line as it is shown to people: long tokens by their beginnings. */
export function shortened(line: MergeLine): MergeLine {
  const bytes = (line.hex.length + 1) / 3;
  const isLong = bytes > MOST_BYTES;
  const hex = isLong ? `${line.hex.slice(0, MOST_BYTES * 3)}… ${bytes} bytes` : line.hex;
  const { meaning } = line;
  const isWordy = meaning.length > MOST_LETTERS;
  return { ...line, hex, meaning: isWordy ? `${meaning.slice(0, MOST_LETTERS)}…` : meaning };
}
