/** Decides which sentencepiece models write documents of bytes, and what each piece stands for. */
import { CodecLmError } from '../../base/error.ts';
import { BYTES, firstCharacter } from '../alphabet.ts';
import { PREFIX, type ScoredPiece } from './merge.ts';
import { BPE, MODEL_TYPES, type ModelPiece, PIECE, type SentencePieceModel } from './model.ts';

/** What sentencepiece writes for a space: U+2581. */
const SPACE = 0x2581;
const BRAILLE = firstCharacter(BYTES);
/** sentencepiece learns pieces of up to 16 characters unless it is told otherwise. */
const MAX_CHARACTERS = 1024;

export interface CheckedPieces {
  /** Those that texts are made of. */
  pieces: ScoredPiece[];
  /** Those that stand for no text: their ids by their names. */
  specials: Map<string, number>;
  unknown: number;
}

/**
 * @param path of the file, for messages
 * @throws CodecLmError `TOKENIZER_INVALID` for a model of another kind, that says of which one; for a
 *   piece that is not of bytes
 */
export function checkModel(model: SentencePieceModel, path: string): CheckedPieces {
  checkKind(model, path);
  const pieces: ScoredPiece[] = [];
  const specials = new Map<string, number>();
  const seen = new Set<string>();
  let unknown: number | undefined;
  for (const [id, piece] of model.pieces.entries()) {
    if (seen.has(piece.text)) throw invalid(path, `the piece ${shown(piece)} comes twice`);
    seen.add(piece.text);
    const characters = charactersOf(piece);
    if (piece.type === PIECE.normal) {
      if (!characters) throw notOfBytes(path, piece, id);
      pieces.push({ id, characters, score: piece.score });
      continue;
    }
    if (piece.type === PIECE.unused) throw invalid(path, `piece ${id} ${shown(piece)} is unused`);
    if (characters && piece.type === PIECE.userDefined) {
      throw invalid(path, `piece ${id} ${shown(piece)} is user-defined, and made of bytes`);
    }
    if (piece.type === PIECE.unknown) unknown = id;
    specials.set(piece.text, id);
  }
  if (unknown === undefined) throw invalid(path, 'no piece stands for what is unknown');
  checkBytes(model, pieces, path);
  return { pieces, specials, unknown };
}

function checkKind(model: SentencePieceModel, path: string): void {
  const { modelType, normalizer, changesText, addsPrefix, escapesSpaces, isSuffix } = model;
  if (modelType !== BPE) {
    const kind = MODEL_TYPES[modelType] ?? `type ${modelType}`;
    throw invalid(path, `a sentencepiece model of kind ${kind}, and only BPE is read`);
  }
  if (changesText) {
    throw invalid(
      path,
      `the normalizer ${JSON.stringify(normalizer)} changes texts, and only identity is read`,
    );
  }
  if (addsPrefix && (isSuffix || !escapesSpaces)) {
    throw invalid(path, 'a space is added to texts in another form than ▁ in front');
  }
}

/** With fallback to bytes an unknown character would become several tokens, none of which is a symbol. */
function checkBytes(
  { pieces: all, addsPrefix }: SentencePieceModel,
  pieces: readonly ScoredPiece[],
  path: string,
): void {
  const known = new Set(
    pieces.filter(({ characters }) => characters.length === 1).map(({ characters: [one] }) => one),
  );
  if (![...known].some((character) => character < BYTES)) {
    throw invalid(path, 'no byte is in the vocabulary as a braille character');
  }
  if (!all.some(({ type }) => type === PIECE.byte)) return;
  const needed = addsPrefix ? PREFIX + 1 : BYTES;
  for (let character = 0; character < needed; character++) {
    if (known.has(character)) continue;
    const name = character === PREFIX ? '▁' : `byte ${character}`;
    throw invalid(path, `${name} is no piece and falls back to bytes of UTF-8`);
  }
}

/** @returns undefined for a piece that is not of braille characters and `▁` */
function charactersOf({ text }: ModelPiece): number[] | undefined {
  if (text.length === 0 || text.length > MAX_CHARACTERS) return undefined;
  const characters: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    const byte = character - BRAILLE;
    if (character === SPACE) characters.push(PREFIX);
    else if (byte >= 0 && byte < BYTES) characters.push(byte);
    else return undefined;
  }
  return characters;
}

function notOfBytes(path: string, piece: ModelPiece, id: number): CodecLmError {
  const characters = `U+${BRAILLE.toString(16)} to U+${(BRAILLE + BYTES - 1).toString(16)}`;
  return new CodecLmError(
    'TOKENIZER_INVALID',
    `${path}: piece ${id} ${shown(piece)} is not made of bytes`,
    { path, hint: `documents are bytes, written as the braille characters ${characters}` },
  );
}

function shown({ text }: ModelPiece): string {
  return JSON.stringify(text.slice(0, 40));
}

function invalid(path: string, what: string): CodecLmError {
  return new CodecLmError('TOKENIZER_INVALID', `${path}: ${what}`, { path });
}
