/** A sentencepiece model as a file, and the files of transformers beside it that add to it. */
import { CodecLmError } from '../../base/error.ts';
import type { SpecialToken } from '../bpe/vocabulary.ts';
import { checkModel } from './check.ts';
import { parseModel, type SentencePieceModel } from './model.ts';
import { ProtoError } from './proto.ts';
import { SentencePieceTokenizer } from './tokenizer.ts';

/** What the files beside it say. */
export interface Beside {
  /** Names of the tokens that begin, end and pad, where they are named. */
  bos?: string;
  eos?: string;
  pad?: string;
  /** Ids of tokens that were added, by their names. */
  added: ReadonlyMap<string, number>;
}

/**
 * @param path of the file, for messages
 * @throws CodecLmError `TOKENIZER_INVALID` that names the file and says what is wrong
 */
export function openSentencePiece(
  content: Buffer,
  beside: Beside,
  path: string,
): SentencePieceTokenizer {
  const invalid = (what: string) =>
    new CodecLmError('TOKENIZER_INVALID', `${path}: ${what}`, { path });
  let model: SentencePieceModel;
  try {
    model = parseModel(content);
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error;
    throw invalid(`no sentencepiece model: ${error.message}`);
  }
  const checked = checkModel(model, path);
  const added: SpecialToken[] = [];
  for (const [name, id] of beside.added) {
    const own = checked.specials.get(name);
    if (own === id) continue;
    if (own !== undefined || id < model.pieces.length) {
      throw invalid(
        `${JSON.stringify(name)} is added as id ${id}, which the model has for another`,
      );
    }
    added.push({ id, content: name });
  }
  const find = (role: 'bos' | 'eos' | 'pad'): SpecialToken | undefined => {
    for (const name of [beside[role], model[role]]) {
      if (name === undefined) continue;
      const id = checked.specials.get(name) ?? beside.added.get(name);
      if (id !== undefined) return { id, content: name };
    }
    return undefined;
  };
  const [bos, eos] = [find('bos'), find('eos')];
  if (!bos || !eos) {
    const what = bos ? `ends a document (${model.eos})` : `begins a document (${model.bos})`;
    throw invalid(`no token ${what}`);
  }
  // Padding is masked out of every loss, so any token may pad.
  const pad = find('pad') ?? eos;
  const { addsPrefix } = model;
  return new SentencePieceTokenizer(checked, { content, addsPrefix, bos, eos, pad, added });
}
