/** Converts the vocabulary and merges of any `tokenizer.json`, whoever wrote it. */
import { CodecLmError } from '../../../base/error.ts';
import type { SpecialTokensFile, TokenizerFile } from '../../../schemas/tokenizer.ts';
import type { Merge } from '../learn/learn.ts';
import { ABSENT, type SpecialToken, type Vocabulary } from '../vocabulary.ts';
import { fromBraille } from './json.ts';

/** Common names, for a file that does not say which of its tokens begins, ends and pads. */
const COMMON_NAMES = {
  bos: ['<bos>', '<s>', '<|begin_of_text|>', '[BOS]', '<|startoftext|>', '<|endoftext|>'],
  eos: ['<eos>', '</s>', '<|end_of_text|>', '[EOS]', '<|endoftext|>'],
  pad: ['<pad>', '[PAD]', '<|pad|>'],
} as const;

/** @throws CodecLmError `TOKENIZER_INVALID` that names the file and the entry */
export function parseTokenizer(
  file: TokenizerFile,
  names: SpecialTokensFile,
  path: string,
): { merges: Merge[]; vocabulary: Vocabulary } {
  const { vocab } = file.model;
  const specials = specialTokens(file);
  const tokens = new Map<string, number>();
  const ids: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(0x2800 + byte);
    ids.push(specials.has(text) ? ABSENT : (vocab[text] ?? ABSENT));
    tokens.set(text, byte);
  }
  const merges = file.model.merges.map((entry, rank): Merge => {
    const [left, right] = splitMerge(entry, rank, path);
    const merged = left + right;
    const pair = [tokens.get(left), tokens.get(right)];
    if (pair[0] === undefined || pair[1] === undefined || !Object.hasOwn(vocab, merged)) {
      throw invalid(path, `merge ${rank} is not made of earlier tokens of the vocabulary`);
    }
    if (tokens.has(merged)) {
      throw invalid(path, `merge ${rank} gives the same token as an earlier one`);
    }
    tokens.set(merged, 256 + rank);
    ids.push(vocab[merged]);
    return [pair[0], pair[1]];
  });
  if (ids.slice(0, 256).every((id) => id === ABSENT)) {
    throw invalid(path, 'no byte is in the vocabulary as a braille character');
  }
  return {
    merges,
    vocabulary: { ids: Int32Array.from(ids), ...chooseSpecials(specials, names, path) },
  };
}

/** Added tokens, and entries of the vocabulary that do not stand for bytes (`<unk>`). */
function specialTokens(file: TokenizerFile): Map<string, number> {
  const specials = new Map<string, number>();
  for (const { id, content } of file.added_tokens) specials.set(content, id);
  for (const [content, id] of Object.entries(file.model.vocab)) {
    if (!specials.has(content) && fromBraille(content) === undefined) specials.set(content, id);
  }
  return specials;
}

function splitMerge(entry: string | [string, string], rank: number, path: string) {
  const parts = typeof entry === 'string' ? entry.split(' ') : entry;
  if (parts.length !== 2) throw invalid(path, `merge ${rank} is not two tokens`);
  return parts;
}

/** Padding is masked out of every loss, so a tokenizer without `<pad>` may pad with `<eos>`. */
function chooseSpecials(specials: Map<string, number>, names: SpecialTokensFile, path: string) {
  const find = (role: 'bos' | 'eos' | 'pad'): SpecialToken | undefined => {
    const named = names[`${role}_token`];
    const content = typeof named === 'string' ? named : named?.content;
    const candidates = content === undefined ? COMMON_NAMES[role] : [content];
    const found = candidates.find((candidate) => specials.has(candidate));
    return found === undefined ? undefined : { id: specials.get(found)!, content: found };
  };
  const bos = find('bos');
  const eos = find('eos');
  if (!bos || !eos) {
    throw invalid(
      path,
      `no token ${bos ? 'ends' : 'begins'} a document (${bos ? '<eos>' : '<bos>'})`,
    );
  }
  const pad = find('pad') ?? eos;
  const chosen = new Set([bos.id, eos.id, pad.id]);
  const others = [...specials]
    .map(([content, id]) => ({ id, content }))
    .filter(({ id }) => !chosen.has(id));
  return { bos, eos, pad, others };
}

function invalid(path: string, what: string): CodecLmError {
  return new CodecLmError('TOKENIZER_INVALID', `${path}: ${what}`, { path });
}
