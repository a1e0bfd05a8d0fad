import test from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { createFixedLengthGrammar } from '../../../tokenizer/mask/fixed-length.ts';
import { idsOfMask } from '../../../tokenizer/mask/mask.ts';
import { createDocumentMask } from '../../../tokenizer/mask/opening.ts';
import { openSentencePiece } from '../../../tokenizer/sentencepiece/read.ts';
import { ALL_BYTES, braille, modelOf, SPECIALS } from '../../helpers/sentencepiece.ts';

/** Any three bytes below 4. */
const GRAMMAR = createFixedLengthGrammar({
  codec: 'three bytes',
  invalidCode: 'JPEG_INVALID',
  alphabet: 4,
  length: 3,
  describe: (place) => `byte ${place}`,
});

const MERGED = [
  { text: '▁', score: -1 },
  { text: `▁${braille(1)}`, score: -2 },
  { text: `▁${braille(9)}`, score: -3 },
  { text: braille(1, 2), score: -4 },
];
const [PREFIX, PREFIX_1, PREFIX_9, ONE_TWO] = [3, 4, 5, 6];
const byteId = (byte: number) => SPECIALS.length + MERGED.length + byte;
const EOS = 2;

const open = (pieces = [...SPECIALS, ...MERGED, ...ALL_BYTES]) =>
  openSentencePiece(modelOf({ pieces }), { added: new Map() }, 'm');

test('a document may begin with the prefix, and has none of it elsewhere', (t) => {
  const mask = createDocumentMask(GRAMMAR, open());
  const bytes = [0, 1, 2, 3].map(byteId);
  const start = mask.start();
  t.deepEqual(idsOfMask(mask.allowed(start)), [PREFIX, PREFIX_1, ONE_TWO, ...bytes]);
  t.is(mask.advance(start, PREFIX_9), undefined);
  const prefixed = mask.advance(start, PREFIX)!;
  t.deepEqual(idsOfMask(mask.allowed(prefixed)), [ONE_TWO, ...bytes]);
  t.is(mask.advance(prefixed, PREFIX), undefined);
  const first = mask.advance(start, PREFIX_1)!;
  t.deepEqual(idsOfMask(mask.allowed(first)), [ONE_TWO, ...bytes]);
  t.is(mask.advance(first, PREFIX_1), undefined);
  const whole = mask.advance(first, ONE_TWO)!;
  t.deepEqual(idsOfMask(mask.allowed(whole)), [EOS]);
  t.not(mask.advance(whole, EOS), undefined);
  t.is(mask.tokensToFinish(prefixed), 4);
});

test('with few tokens left the prefix takes none of them', (t) => {
  const mask = createDocumentMask(GRAMMAR, open());
  const start = mask.start();
  t.true(idsOfMask(mask.allowed(start, { tokens: 5 })).includes(PREFIX));
  t.false(idsOfMask(mask.allowed(start, { tokens: 4 })).includes(PREFIX));
  t.true(idsOfMask(mask.allowed(start, { tokens: 4 })).includes(PREFIX_1));
});

test('every document is allowed token by token', (t) => {
  const tokenizer = open();
  const mask = createDocumentMask(GRAMMAR, tokenizer);
  for (let i = 0; i < 64; i++) {
    const document = Uint8Array.of(i >> 4, (i >> 2) & 3, i & 3);
    let state = mask.start();
    for (const id of [...tokenizer.encode(document), EOS]) {
      t.true(idsOfMask(mask.allowed(state)).includes(id), `${document}: ${id}`);
      state = mask.advance(state, id)!;
    }
  }
});

test('a byte without a token is named', (t) => {
  const pieces = [...SPECIALS, ...MERGED, ...ALL_BYTES.filter((_, byte) => byte !== 3)];
  const error = t.throws(() => createDocumentMask(GRAMMAR, open(pieces)), {
    instanceOf: CodecLmError,
  });
  t.regex(error.message, /byte 3 is not in this vocabulary/);
});
