/**
 * The text of `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`.
 *
 * A byte is written as the braille character U+2800 + byte, as the authors' released code does: one
 * character per byte, and no normalizer or white-space rule changes it.
 */
import { TokenTable } from '../decode.ts';
import type { Merge } from '../learn/learn.ts';
import { ABSENT, type SpecialToken, type Vocabulary } from '../vocabulary.ts';

const BRAILLE = 0x2800;
/** Characters per call: String.fromCharCode takes its arguments from the stack. */
const BATCH = 8192;

function toBraille(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += BATCH) {
    const codes = Uint16Array.from(bytes.subarray(i, i + BATCH), (byte) => BRAILLE + byte);
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** @returns undefined when a character is not a byte written in braille */
export function fromBraille(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) - BRAILLE;
    if (byte < 0 || byte > 255) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/**
 * Special tokens that Hugging Face's tools put around a text when they tokenize it with the file.
 * `bos`: `<bos>` in front, as Llama does, so that a text is a prompt. `bos-eos` (files of the first
 * release): also `<eos>` behind, which makes a prompt a document that has ended. The ids of the
 * bytes are the same.
 */
export type Surround = 'bos' | 'bos-eos';

/**
 * The text of the canonical file: equal merges and vocabularies give equal text. Merges are written
 * as `"a b"`, which every release of tokenizers reads (pairs only since 0.20).
 * @param textOf the characters of each token of the vocabulary; by default bytes in braille
 */
export function tokenizerJson(
  merges: readonly Merge[],
  vocabulary: Vocabulary,
  surround: Surround = 'bos',
  textOf = inBraille(merges),
): string {
  const vocab: Record<string, number> = {};
  vocabulary.ids.forEach((id, token) => {
    if (id !== ABSENT) vocab[textOf(token)] = id;
  });
  const { bos, eos, pad, others } = vocabulary;
  // A foreign tokenizer may pad with <eos>; add each token only once.
  const specials = new Map([bos, eos, pad, ...others].map((special) => [special.id, special]));
  const file = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...specials.values()].sort((a, b) => a.id - b.id).map(addedToken),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: surroundings(bos, surround === 'bos-eos' ? eos : undefined),
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: merges.map(([left, right]) => `${textOf(left)} ${textOf(right)}`),
    },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function inBraille(merges: readonly Merge[]): (token: number) => string {
  const table = new TokenTable(merges);
  return (token) => toBraille(table.bytesOf(token));
}

export function tokenizerConfigJson(
  vocabulary: Vocabulary,
  extra: Readonly<Record<string, unknown>>,
): string {
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...specialNames(vocabulary),
    clean_up_tokenization_spaces: false,
    ...extra,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export function specialTokensMapJson(vocabulary: Vocabulary): string {
  return `${JSON.stringify(specialNames(vocabulary), null, 2)}\n`;
}

function specialNames({ bos, eos, pad }: Vocabulary) {
  return { bos_token: bos.content, eos_token: eos.content, pad_token: pad.content };
}

function addedToken({ id, content }: SpecialToken) {
  return {
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
}

function surroundings(bos: SpecialToken, eos: SpecialToken | undefined) {
  const special = (token: SpecialToken, segment: number) => ({
    SpecialToken: { id: token.content, type_id: segment },
  });
  const text = (name: 'A' | 'B', segment: number) => [
    special(bos, segment),
    { Sequence: { id: name, type_id: segment } },
    ...(eos ? [special(eos, segment)] : []),
  ];
  const entries = [bos, ...(eos ? [eos] : [])].map(({ id, content }) => {
    return [content, { id: content, ids: [id], tokens: [content] }] as const;
  });
  return {
    type: 'TemplateProcessing',
    single: text('A', 0),
    pair: [...text('A', 0), ...text('B', 1)],
    special_tokens: Object.fromEntries(entries),
  };
}
