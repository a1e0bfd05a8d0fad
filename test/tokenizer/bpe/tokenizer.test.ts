import { deepStrictEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { CodecLmError, type ErrorCode } from '../../../base/error.ts';
import { learnMerges, type Merge } from '../../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { adversarialDocument, anyMerges, naiveEncode } from './reference.ts';

const runs = process.env.CODEC_LM_TEST_LONG ? 5000 : 300;

function throwsCode(t: import('ava').ExecutionContext, code: ErrorCode, run: () => unknown) {
  const error = t.throws(run, { instanceOf: CodecLmError });
  t.is(error?.code, code);
  return error?.message ?? '';
}

test('encodes as the definition says with learned merges, and decodes back', (t) => {
  const documents = fc.array(adversarialDocument, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(documents, adversarialDocument, (sample, other) => {
      const bpe = new ByteBpe(learnMerges(sample, 60));
      for (const document of [...sample, other]) {
        const ids = bpe.encode(document);
        deepStrictEqual([...ids], naiveEncode(document, bpe.merges));
        deepStrictEqual(bpe.decode(ids), document);
      }
    }),
    { numRuns: runs },
  );
  t.pass();
});

test('encodes as the definition says with arbitrary merges', (t) => {
  fc.assert(
    fc.property(anyMerges, adversarialDocument, (merges, document) => {
      const bpe = new ByteBpe(merges);
      const ids = bpe.encode(document);
      deepStrictEqual([...ids], naiveEncode(document, merges));
      deepStrictEqual(bpe.decode(ids), document);
    }),
    { numRuns: runs },
  );
  t.pass();
});

test('more ids than a square table holds encode the same', (t) => {
  const text = new Uint8Array(createHash('shake256', { outputLength: 20_000 }).digest());
  const merges = learnMerges([text], 3000);
  t.is(merges.length, 3000);
  deepStrictEqual([...new ByteBpe(merges).encode(text)], naiveEncode(text, merges));
});

test('every byte value survives', (t) => {
  const all = Uint8Array.from({ length: 512 }, (_, i) => i & 255);
  const bpe = new ByteBpe(learnMerges([all], 30));
  t.deepEqual(bpe.decode(bpe.encode(all)), all);
  t.is(bpe.encode(new Uint8Array(0)).length, 0);
  t.is(bpe.decode([]).length, 0);
});

test('ids: bytes, merges, then <bos>, <eos>, <pad>', (t) => {
  const bpe = new ByteBpe([
    [255, 0xd0],
    [256, 1],
  ]);
  t.deepEqual([bpe.vocabSize, bpe.bosId, bpe.eosId, bpe.padId], [261, 258, 259, 260]);
  t.deepEqual([...bpe.encodeDocument(Uint8Array.of(255, 0xd0, 1, 7))], [258, 257, 7, 259]);
  t.deepEqual(bpe.tokenSymbols(257), Uint8Array.of(255, 0xd0, 1));
  t.deepEqual(bpe.tokenSymbols(258), new Uint8Array(0));
});

test('specials are refused unless they are to be skipped; other ids always', (t) => {
  const bpe = new ByteBpe([[1, 2]]);
  const ids = bpe.encodeDocument(Uint8Array.of(1, 2, 3));
  t.deepEqual(bpe.decode(ids, { specials: 'skip' }), Uint8Array.of(1, 2, 3));
  t.regex(
    throwsCode(t, 'TOKEN_INVALID', () => bpe.decode(ids)),
    /id 257 at position 0 .*special/,
  );
  for (const id of [260, -1, 1.5, Number.NaN]) {
    throwsCode(t, 'TOKEN_INVALID', () => bpe.decode([id], { specials: 'skip' }));
    throwsCode(t, 'TOKEN_INVALID', () => bpe.tokenSymbols(id));
  }
});

test('impossible merges are refused', (t) => {
  throwsCode(t, 'TOKENIZER_INVALID', () => new ByteBpe([[256, 1]]));
  throwsCode(t, 'TOKENIZER_INVALID', () => new ByteBpe([[0, -1]]));
  throwsCode(
    t,
    'TOKENIZER_INVALID',
    () =>
      new ByteBpe([
        [1, 2],
        [1, 2],
      ]),
  );
  // Each merge doubles: 2^40 bytes from 40 lines.
  const doubling = Array.from({ length: 40 }, (_, i): Merge => (i ? [255 + i, 255 + i] : [0, 0]));
  throwsCode(t, 'TOKENIZER_INVALID', () => new ByteBpe(doubling));
});

test('the hash names the tokenizer', (t) => {
  t.regex(new ByteBpe([[1, 2]]).hash, /^[0-9a-f]{64}$/);
  t.is(new ByteBpe([[1, 2]]).hash, new ByteBpe([[1, 2]]).hash);
  t.not(new ByteBpe([[1, 2]]).hash, new ByteBpe([[2, 1]]).hash);
});

test('one encoder serves documents of all lengths, one after the other', (t) => {
  const merges = learnMerges([new Uint8Array(1000)], 8);
  const bpe = new ByteBpe(merges);
  for (const length of [5, 3_000_000, 0, 1, 4097, 2]) {
    const document = new Uint8Array(length);
    t.is(Buffer.compare(bpe.decode(bpe.encode(document)), document), 0);
  }
});
