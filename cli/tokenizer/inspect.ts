/** Shows the merges of a tokenizer: their bytes, how often they are used, and what they mean. */
import type { Symbols } from '../../tokenizer/alphabet.ts';
import type { CodecDefinition } from '../../tokenizer/codecs/codec.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { isDocumentOf, listToolInputs, type MakeCodec, readToolDocument } from './inputs.ts';

export interface MergeLine {
  rank: number;
  id: number;
  hex: string;
  /** Number of occurrences in the given documents; absent without documents. */
  count?: number;
  /** Meaning of the token in a file of the codec; empty for plain data. */
  meaning: string;
}

/** @param sources documents to count in, as files and folders; may be empty */
export async function inspectMerges(
  tokenizer: Tokenizer,
  sources: readonly string[],
  definition: CodecDefinition,
  makeCodec: MakeCodec,
): Promise<MergeLine[]> {
  const { alphabet, vocabSize } = tokenizer;
  const counts = sources.length === 0 ? undefined : new Array<number>(vocabSize).fill(0);
  if (counts) {
    for (const { path } of await listToolInputs(sources, isDocumentOf(definition))) {
      const document = await readToolDocument(path, makeCodec, alphabet);
      for (const id of tokenizer.encode(document)) counts[id]++;
    }
  }
  return tokenizer.merges.map((_, rank) => {
    const id = tokenizer.vocabulary.ids[alphabet + rank];
    const symbols = tokenizer.tokenSymbols(id);
    const meaning = definition.meaning?.(symbols) ?? '';
    return { rank, id, hex: toHex(symbols), count: counts?.[id], meaning };
  });
}

/** Such as `FF D3`. */
function toHex(symbols: Symbols): string {
  return Array.from(symbols, (symbol) => symbol.toString(16).toUpperCase().padStart(2, '0')).join(
    ' ',
  );
}

/** Most bytes of a token, and most letters of its meaning, that fit on a terminal. */
const MOST_BYTES = 12;
const MOST_LETTERS = 60;

/** Shortens long tokens for people. */
export function shortened(line: MergeLine): MergeLine {
  const bytes = (line.hex.length + 1) / 3;
  const isLong = bytes > MOST_BYTES;
  const hex = isLong ? `${line.hex.slice(0, MOST_BYTES * 3)}… ${bytes} bytes` : line.hex;
  const { meaning } = line;
  const isWordy = meaning.length > MOST_LETTERS;
  return { ...line, hex, meaning: isWordy ? `${meaning.slice(0, MOST_LETTERS)}…` : meaning };
}
