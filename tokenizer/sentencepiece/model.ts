/** `ModelProto` of sentencepiece (its sentencepiece_model.proto): pieces, and how it was trained. */
import { type Field, fieldsOf, floatOf, messageOf, numberOf, ProtoError, textOf } from './proto.ts';

/** Ids are 16-bit. */
const MAX_PIECES = 1 << 16;

/** `SentencePiece.Type` */
export const PIECE = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

/** `TrainerSpec.ModelType` */
export const MODEL_TYPES: Readonly<Record<number, string>> = {
  ...{ 1: 'unigram', 2: 'BPE', 3: 'word', 4: 'char' },
};
export const BPE = 2;

export interface Piece {
  text: string;
  score: number;
  /** A number of `PIECE`. */
  type: number;
}

export interface SentencePieceModel {
  /** By id. */
  pieces: Piece[];
  /** A number of `MODEL_TYPES`. */
  modelType: number;
  isSuffix: boolean;
  /** Names of the tokens that begin, end and pad. */
  bos: string;
  eos: string;
  pad: string;
  normalizer: string;
  /** Whether it changes characters; identity does not. */
  changesText: boolean;
  addsPrefix: boolean;
  escapesSpaces: boolean;
}

/** @throws ProtoError for bytes that are no such message */
export function parseModel(bytes: Buffer): SentencePieceModel {
  // Defaults of the message.
  const model: SentencePieceModel = {
    ...{ pieces: [], modelType: 1, isSuffix: false, bos: '<s>', eos: '</s>', pad: '<pad>' },
    ...{ normalizer: '', changesText: false, addsPrefix: true, escapesSpaces: true },
  };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) model.pieces.push(parsePiece(messageOf(field)));
    else if (field.number === 2) readTrainerSpec(messageOf(field), model);
    else if (field.number === 3) readNormalizer(messageOf(field), model);
    else if (field.number === 5) readDenormalizer(messageOf(field), model);
    if (model.pieces.length > MAX_PIECES) throw new ProtoError(`more than ${MAX_PIECES} pieces`);
  }
  if (model.pieces.length === 0) throw new ProtoError('it has no pieces');
  return model;
}

function parsePiece(message: Buffer): Piece {
  const piece: Piece = { text: '', score: 0, type: PIECE.normal };
  for (const field of fieldsOf(message)) {
    if (field.number === 1) piece.text = textOf(field);
    else if (field.number === 2) piece.score = floatOf(field);
    else if (field.number === 3) piece.type = numberOf(field);
  }
  return piece;
}

function readTrainerSpec(message: Buffer, model: SentencePieceModel): void {
  const read: Record<number, (field: Field) => void> = {
    3: (field) => (model.modelType = numberOf(field)),
    24: (field) => (model.isSuffix = numberOf(field) !== 0),
    46: (field) => (model.bos = textOf(field)),
    47: (field) => (model.eos = textOf(field)),
    48: (field) => (model.pad = textOf(field)),
  };
  for (const field of fieldsOf(message)) read[field.number]?.(field);
}

function readNormalizer(message: Buffer, model: SentencePieceModel): void {
  const read: Record<number, (field: Field) => void> = {
    1: (field) => (model.normalizer = textOf(field)),
    2: (field) => (model.changesText ||= messageOf(field).length > 0),
    3: (field) => (model.addsPrefix = numberOf(field) !== 0),
    5: (field) => (model.escapesSpaces = numberOf(field) !== 0),
  };
  for (const field of fieldsOf(message)) read[field.number]?.(field);
}

/** The rules that a decoded text goes through. */
function readDenormalizer(message: Buffer, model: SentencePieceModel): void {
  for (const field of fieldsOf(message)) {
    if (field.number === 2) model.changesText ||= messageOf(field).length > 0;
  }
}
