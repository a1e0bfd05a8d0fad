/** Sentencepiece models, put together by hand. */

export interface MadePiece {
  text: string;
  score?: number;
  /** 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  type?: number;
}

export interface MadeModel {
  pieces: MadePiece[];
  modelType?: number;
  addsPrefix?: boolean;
  /** Rules of the normalizer. */
  rules?: string;
}

export const SPECIALS: MadePiece[] = [
  { text: '<unk>', type: 2 },
  { text: '<s>', type: 3 },
  { text: '</s>', type: 3 },
];

export const braille = (...bytes: number[]) =>
  bytes.map((byte) => String.fromCharCode(0x2800 + byte)).join('');

export const ALL_BYTES: MadePiece[] = Array.from({ length: 256 }, (_, byte) => ({
  text: braille(byte),
  score: -1000 - byte,
}));

/** The file of a model. */
export function modelOf({ pieces, modelType = 2, addsPrefix, rules }: MadeModel): Buffer {
  const parts = pieces.map(({ text, score = 0, type }) => {
    const value = Buffer.alloc(4);
    value.writeFloatLE(score);
    const kind = type === undefined ? [] : [number(3, type)];
    return bytes(1, Buffer.concat([bytes(1, Buffer.from(text)), field(2, 5), value, ...kind]));
  });
  const normalizer = [
    ...(addsPrefix === undefined ? [] : [number(3, addsPrefix ? 1 : 0)]),
    ...(rules === undefined
      ? []
      : [bytes(1, Buffer.from('nmt_nfkc')), bytes(2, Buffer.from(rules))]),
  ];
  return Buffer.concat([
    ...parts,
    bytes(2, number(3, modelType)),
    bytes(3, Buffer.concat(normalizer)),
  ]);
}

function field(number: number, wire: number): Buffer {
  return varint(number * 8 + wire);
}

function number(name: number, value: number): Buffer {
  return Buffer.concat([field(name, 0), varint(value)]);
}

function bytes(name: number, value: Buffer): Buffer {
  return Buffer.concat([field(name, 2), varint(value.length), value]);
}

export function varint(value: number): Buffer {
  const result: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) result.push((rest % 128) + 128);
  return Buffer.from([...result, rest]);
}
