/** `ModelProto` of sentencepiece (its sentencepiece_model.proto): pieces, and how it was trained. */
import {
  floatIn,
  messageIn,
  numberIn,
  ProtoError,
  type ProtoField,
  protoFields,
  textIn,
} from './proto.ts';

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

export interface ModelPiece {
  text: string;
  score: number;
  /** A number of `PIECE`. */
  type: number;
}

export interface SentencePieceModel {
  /** By id. */
  pieces: ModelPiece[];
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
  for (const field of protoFields(bytes)) {
    if (field.number === 1) model.pieces.push(parsePiece(messageIn(field)));
    else if (field.number === 2) readTrainerSpec(messageIn(field), model);
    else if (field.number === 3) readNormalizer(messageIn(field), model);
    else if (field.number === 5) readDenormalizer(messageIn(field), model);
    if (model.pieces.length > MAX_PIECES) throw new ProtoError(`more than ${MAX_PIECES} pieces`);
  }
  if (model.pieces.length === 0) throw new ProtoError('it has no pieces');
  return model;
}

function parsePiece(message: Buffer): ModelPiece {
  const piece: ModelPiece = { text: '', score: 0, type: PIECE.normal };
  for (const field of protoFields(message)) {
    if (field.number === 1) piece.text = textIn(field);
    else if (field.number === 2) piece.score = floatIn(field);
    else if (field.number === 3) piece.type = numberIn(field);
  }
  return piece;
}

function readTrainerSpec(message: Buffer, model: SentencePieceModel): void {
  const read: Record<number, (field: ProtoField) => void> = {
    3: (field) => (model.modelType = numberIn(field)),
    24: (field) => (model.isSuffix = numberIn(field) !== 0),
    46: (field) => (model.bos = textIn(field)),
    47: (field) => (model.eos = textIn(field)),
    48: (field) => (model.pad = textIn(field)),
  };
  for (const field of protoFields(message)) read[field.number]?.(field);
}

function readNormalizer(message: Buffer, model: SentencePieceModel): void {
  const read: Record<number, (field: ProtoField) => void> = {
    1: (field) => (model.normalizer = textIn(field)),
    2: (field) => (model.changesText ||= messageIn(field).length > 0),
    3: (field) => (model.addsPrefix = numberIn(field) !== 0),
    5: (field) => (model.escapesSpaces = numberIn(field) !== 0),
  };
  for (const field of protoFields(message)) read[field.number]?.(field);
}

/** The rules that a decoded text goes through. */
function readDenormalizer(message: Buffer, model: SentencePieceModel): void {
  for (const field of protoFields(message)) {
    if (field.number === 2) model.changesText ||= messageIn(field).length > 0;
  }
}
