/** Masks over tokens against the grammar byte by byte, and against the limits they keep. */
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { createJpegGrammar } from '../../../tokenizer/codecs/jpeg/grammar.ts';
import { createTokenMask, idsOfMask, isInMask } from '../../../tokenizer/mask/mask.ts';
import { validateDocument } from '../../../tokenizer/mask/validate.ts';
import { learnedTokenizer } from '../../helpers/learned.ts';
import { randomNumbers } from '../../helpers/rasters.ts';
import { pick, randomTokens } from '../../helpers/streams.ts';

const learned = learnedTokenizer();

const options = { width: 40, height: 24, quality: 25 };

for (const size of [
  { width: 40, height: 24, quality: 25 },
  { width: 32, height: 48, quality: 90 },
  { width: 48, height: 16 },
]) {
  test(`a mask has exactly the tokens whose bytes the grammar takes, byte by byte (${size.width}x${size.height})`, async (t) => {
    const { bpe } = await learned;
    const grammar = createJpegGrammar(size);
    const mask = createTokenMask(grammar, bpe, { capacity: 500 });
    const random = randomNumbers(1);
    for (let i = 0; i < 2; i++) {
      let state = mask.start();
      while (!grammar.isComplete(state)) {
        const ids = idsOfMask(mask.allowed(state));
        const expected: number[] = [];
        for (let id = 0; id < bpe.vocabSize; id++) {
          const bytes = bpe.tokenSymbols(id);
          let after: number | undefined = state;
          for (const byte of bytes) after = after === undefined ? after : grammar.next(after, byte);
          if (bytes.length > 0 && after !== undefined) expected.push(id);
          if (bytes.length > 0 && mask.advance(state, id) !== after) t.fail(`token ${id}`);
        }
        if (!isDeepStrictEqual(ids, expected)) t.deepEqual(ids, expected, grammar.describe(state));
        state = mask.advance(state, pick(ids, random))!;
      }
      t.deepEqual(idsOfMask(mask.allowed(state)), [bpe.eosId]);
    }
  });
}

test('only <eos> follows a whole document, and nothing that is no token of it', async (t) => {
  const { bpe, documents } = await learned;
  const mask = createTokenMask(createJpegGrammar({ width: 96, height: 80, quality: 25 }), bpe);
  let state = mask.start();
  for (const id of bpe.encode(documents[0])) state = mask.advance(state, id)!;
  t.deepEqual(idsOfMask(mask.allowed(state)), [bpe.eosId]);
  t.is(mask.advance(state, bpe.eosId), state);
  t.is(mask.advance(state, 0), undefined);
  t.is(mask.advance(mask.start(), bpe.eosId), undefined);
  t.is(mask.advance(mask.start(), bpe.bosId), undefined);
});

test('the tokens of an encoded picture are all in their masks', async (t) => {
  const { bpe, documents } = await learned;
  const mask = createTokenMask(createJpegGrammar({ width: 96, height: 80, quality: 25 }), bpe);
  for (const document of documents) {
    let state = mask.start();
    for (const id of bpe.encode(document)) {
      if (!isInMask(mask.allowed(state), id)) t.fail(`token ${id} is refused`);
      state = mask.advance(state, id)!;
    }
    t.deepEqual(idsOfMask(mask.allowed(state)), [bpe.eosId]);
  }
});

test('random tokens make canonical documents, whatever is forgotten of the masks', async (t) => {
  const { bpe } = await learned;
  const random = randomNumbers(2);
  for (const capacity of [1, 50, 100_000]) {
    const grammar = createJpegGrammar(options);
    const mask = createTokenMask(grammar, bpe, { capacity });
    for (let i = 0; i < 10; i++) {
      t.notThrows(() => validateDocument(randomTokens(mask, bpe, random).bytes, grammar));
    }
  }
});

test('a limit of tokens is always kept, down to the fewest', async (t) => {
  const { bpe } = await learned;
  const grammar = createJpegGrammar(options);
  const mask = createTokenMask(grammar, bpe);
  const fewest = mask.tokensToFinish(mask.start());
  t.is(fewest, grammar.symbolsToFinish(grammar.start()) + 1);
  const random = randomNumbers(3);
  for (const spare of [0, 1, 2, 3, 5, 8, 13, 40, 200]) {
    const { bytes, tokens } = randomTokens(mask, bpe, random, fewest + spare);
    t.true(tokens <= fewest + spare);
    t.notThrows(() => validateDocument(bytes, grammar));
  }
});

test('a limit of bytes is always kept', async (t) => {
  const { bpe } = await learned;
  const grammar = createJpegGrammar(options);
  const mask = createTokenMask(grammar, bpe);
  const random = randomNumbers(4);
  for (const spare of [0, 1, 7, 60]) {
    let left = grammar.symbolsToFinish(mask.start()) + spare;
    let state = mask.start();
    for (;;) {
      const id = pick(idsOfMask(mask.allowed(state, { symbols: left })), random);
      if (id === bpe.eosId) break;
      left -= bpe.tokenSymbols(id).length;
      state = mask.advance(state, id)!;
    }
    t.true(left >= 0);
  }
});

test('a mask close to a limit leaves out only what cannot be finished', async (t) => {
  const { bpe } = await learned;
  const grammar = createJpegGrammar(options);
  const mask = createTokenMask(grammar, bpe);
  const random = randomNumbers(5);
  for (let i = 0; i < 3; i++) {
    let state = mask.start();
    while (!grammar.isComplete(state)) {
      const all = idsOfMask(mask.allowed(state));
      const tokens = mask.tokensToFinish(state) + (random() % 16);
      t.deepEqual(
        idsOfMask(mask.allowed(state, { tokens })),
        all.filter((id) => mask.tokensToFinish(mask.advance(state, id)!) <= tokens - 1),
      );
      state = mask.advance(state, pick(all, random))!;
    }
  }
});

test('a limit that cannot be met is refused in words', async (t) => {
  const { bpe } = await learned;
  const mask = createTokenMask(createJpegGrammar(options), bpe);
  const refused = { instanceOf: CodecLmError, code: 'CONFIG_INVALID' };
  t.throws(() => mask.allowed(mask.start(), { tokens: 20 }), {
    ...refused,
    message: /within 20 tokens: byte 0 of the header needs \d+ more bytes and <eos>/,
  });
  t.throws(() => mask.allowed(mask.start(), { symbols: 10 }), { ...refused, message: /10 bytes/ });
});

test('equal bytes under two ids are both allowed; ids of no bytes never are', (t) => {
  const vocabulary = {
    vocabSize: 262,
    alphabet: 256,
    bosId: 256,
    eosId: 257,
    padId: 258,
    tokenSymbols: (id: number) => {
      if (id < 256) return Uint8Array.of(id);
      if (id === 261) throw new CodecLmError('TOKEN_INVALID', 'no such token');
      return Uint8Array.of(0xff, 0xd8);
    },
  };
  const mask = createTokenMask(createJpegGrammar(options), vocabulary);
  t.deepEqual(idsOfMask(mask.allowed(mask.start())), [0xff, 259, 260]);
  t.is(mask.advance(mask.start(), 261), undefined);
  t.is(mask.advance(mask.start(), 999), undefined);
});

test('a vocabulary that lacks a byte is refused', (t) => {
  const tokenSymbols = (id: number) => Uint8Array.of(id === 7 ? 8 : id);
  const ids = { vocabSize: 259, bosId: 256, eosId: 257, padId: 258 };
  const vocabulary = { alphabet: 256, ...ids, tokenSymbols };
  t.throws(() => createTokenMask(createJpegGrammar(options), vocabulary), {
    instanceOf: CodecLmError,
    code: 'TOKENIZER_INVALID',
    message: /byte 7 is not in/,
  });
});
