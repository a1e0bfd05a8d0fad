import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { CodecLmError } from '../../../base/error.ts';
import { readTokenizer } from '../../../tokenizer/bpe/files/huggingface.ts';
import { openSentencePiece } from '../../../tokenizer/sentencepiece/read.ts';
import {
  ALL_BYTES,
  braille,
  type MadeModel,
  type MadePiece,
  modelOf,
  SPECIALS,
  varint,
} from '../../helpers/sentencepiece.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/import');

const open = (model: MadeModel) =>
  openSentencePiece(modelOf(model), { added: new Map() }, 'tokenizer.model');

interface Expected {
  documents: { bytes: string; ids: number[] }[];
}

for (const name of ['prefix', 'no-prefix']) {
  test(`${name}: ids are those of sentencepiece, and documents come back`, async (t) => {
    const { documents } = JSON.parse(
      await readFile(join(GOLDEN, name, 'expected.json'), 'utf8'),
    ) as Expected;
    const tokenizer = await readTokenizer(join(GOLDEN, name, 'model'));
    t.is(tokenizer.vocabSize, 320);
    t.true(documents.length > 10);
    for (const { bytes, ids } of documents) {
      const document = Buffer.from(bytes, 'hex');
      t.deepEqual([...tokenizer.encode(document)], ids);
      t.deepEqual(Buffer.from(tokenizer.decode(ids)), document);
      t.deepEqual([...tokenizer.encodeDocument(document)], [1, ...ids, 2]);
    }
  });
}

/** The definition: the best pair of all is joined, one after the other. */
function plainly(text: string, pieces: readonly MadePiece[], unknown: number): number[] {
  const parts = [...text];
  for (;;) {
    let best = -1;
    let score = Number.NEGATIVE_INFINITY;
    for (let i = 0; i + 1 < parts.length; i++) {
      const piece = pieces.find((p) => p.type === undefined && p.text === parts[i] + parts[i + 1]);
      if (piece && piece.score! > score) [best, score] = [i, piece.score!];
    }
    if (best < 0) break;
    parts.splice(best, 2, parts[best] + parts[best + 1]);
  }
  const ids = parts.map((part) => pieces.findIndex((p) => p.type === undefined && p.text === part));
  return ids
    .map((id) => (id < 0 ? unknown : id))
    .filter((id, i, all) => id !== unknown || all[i - 1] !== unknown);
}

test('with equal scores, orphans and unknown bytes: as the plain definition', (t) => {
  const text = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 5 });
  const made = fc.record({
    longer: fc.array(fc.tuple(text, fc.boolean(), fc.integer({ min: -4, max: 0 })), {
      maxLength: 12,
    }),
    single: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
    addsPrefix: fc.boolean(),
    hasPrefix: fc.boolean(),
    document: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 30 }),
  });
  fc.assert(
    fc.property(made, ({ longer, single, addsPrefix, hasPrefix, document }) => {
      const all: MadePiece[] = [
        ...longer.map(([bytes, isOpening, score]) => ({
          text: (isOpening ? '▁' : '') + braille(...bytes),
          score,
        })),
        ...single.map((byte) => ({ text: braille(byte), score: -9 })),
        ...(hasPrefix ? [{ text: '▁', score: -9 }] : []),
      ];
      const seen = new Set<string>();
      const once = all.filter((piece) => !seen.has(piece.text) && seen.add(piece.text));
      const pieces = [...SPECIALS, ...once];
      const tokenizer = open({ pieces, addsPrefix });
      const prefix = addsPrefix && document.length > 0 ? '▁' : '';
      const expected = plainly(prefix + braille(...document), pieces, 0);
      t.deepEqual([...tokenizer.encode(Uint8Array.from(document))], expected);
    }),
    { numRuns: 400 },
  );
});

const OPENING = { text: '▁', score: -1 };

test('the prefix vanishes in front, and is a space elsewhere', (t) => {
  const first = { text: `▁${braille(0xff, 0xd8)}`, score: -1 };
  const tokenizer = open({ pieces: [...SPECIALS, OPENING, first, ...ALL_BYTES] });
  t.deepEqual([...tokenizer.opening!], [3, 4]);
  t.deepEqual([...tokenizer.decode([3, 5])], [0]);
  t.deepEqual([...tokenizer.decode([4, 5])], [0xff, 0xd8, 0]);
  t.deepEqual([...tokenizer.decode([1, 3, 5, 2, 1, 3, 6], { specials: 'skip' })], [0, 1]);
  for (const ids of [[5, 3], [3, 3], [4, 4], [5, 4], [1], [0], [999]]) {
    t.throws(() => tokenizer.decode(ids), { instanceOf: CodecLmError, message: /stands for no/ });
  }
  t.throws(() => tokenizer.decode([999], { specials: 'skip' }), { instanceOf: CodecLmError });
  t.deepEqual([...tokenizer.decode([5, 3, 6], { specials: 'skip' })], [0, 1]);
  t.deepEqual([...tokenizer.tokenSymbols(4)], [0xff, 0xd8]);
  t.is(tokenizer.tokenSymbols(3).length, 0);
});

test('where the prefix is no piece the unknown one stands for it', (t) => {
  const tokenizer = open({ pieces: [...SPECIALS, ...ALL_BYTES] });
  t.deepEqual([...tokenizer.encode(Uint8Array.of(7))], [0, 10]);
  t.deepEqual([...tokenizer.decode([0, 10])], [7]);
  t.throws(() => tokenizer.decode([10, 0]), { instanceOf: CodecLmError });
});

test('specials anywhere, and those of the files beside it', async (t) => {
  const dir = await temporaryFolder(t);
  const pieces = [...ALL_BYTES, OPENING, { text: '<end>', type: 4 }, ...SPECIALS];
  await writeFile(join(dir, 'tokenizer.model'), modelOf({ pieces }));
  const plain = await readTokenizer(dir);
  t.deepEqual([plain.bosId, plain.eosId, plain.padId], [259, 260, 260]);
  const names = { eos_token: '<end>', pad_token: { content: '[PAD]' } };
  await writeFile(join(dir, 'special_tokens_map.json'), JSON.stringify(names));
  await writeFile(join(dir, 'added_tokens.json'), JSON.stringify({ '[PAD]': 261 }));
  const named = await readTokenizer(join(dir, 'tokenizer.model'));
  t.deepEqual([named.bosId, named.eosId, named.padId, named.vocabSize], [259, 257, 261, 262]);
  t.is(named.hash, plain.hash);
  await writeFile(join(dir, 'added_tokens.json'), JSON.stringify({ '[PAD]': 7 }));
  const error = await t.throwsAsync(readTokenizer(dir), { instanceOf: CodecLmError });
  t.regex(error.message, /tokenizer\.model: "\[PAD\]" is added as id 7/);
});

test('models of another kind are refused, and it is said which', (t) => {
  const good = [...SPECIALS, OPENING, ...ALL_BYTES];
  const more = (...pieces: MadePiece[]) => ({ pieces: [...good, ...pieces] });
  const cases: [MadeModel, RegExp][] = [
    [{ pieces: good, modelType: 1 }, /of kind unigram, and only BPE/],
    [{ pieces: good, rules: 'abc' }, /normalizer "nmt_nfkc" changes texts/],
    [more({ text: 'x' }), /piece 260 "x" is not made of bytes/],
    [more({ text: 'the' }), /not made of bytes/],
    [more({ text: '<a>', type: 5 }), /piece 260 "<a>" is unused/],
    [more({ text: braille(1, 2), type: 4 }), /is user-defined, and made of bytes/],
    [more({ text: braille(1) }), /comes twice/],
    [{ pieces: [...SPECIALS, OPENING] }, /no byte is in the vocabulary/],
    [{ pieces: good.slice(1) }, /no piece stands for what is unknown/],
    [{ pieces: good.filter(({ text }) => text !== '</s>') }, /no token ends a document/],
    [{ pieces: good.filter(({ text }) => text !== '<s>') }, /no token begins a document/],
    [
      { pieces: [...SPECIALS, ...ALL_BYTES, { text: '<0x00>', type: 6 }] },
      /▁ is no piece and falls/,
    ],
  ];
  for (const [model, message] of cases) refused(t, modelOf(model), message);
});

test('bytes that are no model are refused', (t) => {
  const good = modelOf({ pieces: [...SPECIALS, OPENING, ...ALL_BYTES] });
  const cases: [Buffer, RegExp][] = [
    [Buffer.alloc(0), /it has no pieces/],
    [Buffer.from('{"model": 1}'), /no sentencepiece model/],
    [good.subarray(0, 50), /are wanted, \d+ are left/],
    [Buffer.concat([Buffer.of(0x0a), varint(2 ** 40)]), /1099511627776 bytes are wanted/],
    [Buffer.of(0x0a, ...Array(10).fill(0xff), 1), /longer than 64 bits/],
    [Buffer.of(0x0a, ...Array(9).fill(0xff), 1), /-1 bytes are wanted/],
    [Buffer.of(0x0b), /wire type/],
    [Buffer.of(0x08, 1), /field 1 is no message/],
    [Buffer.of(0x0a, 2, 0x08, 1), /field 1 is no text/],
    [Buffer.of(0x00, 1), /without a number/],
    [Buffer.concat(Array(65_537).fill(Buffer.of(0x0a, 0))), /more than 65536 pieces/],
  ];
  for (const [content, message] of cases) refused(t, content, message);
  for (let end = 1; end < good.length; end += 97) {
    t.throws(() => openSentencePiece(good.subarray(0, end), { added: new Map() }, 'm'), {
      instanceOf: CodecLmError,
    });
  }
});

function refused(t: ExecutionContext, content: Buffer, message: RegExp): void {
  const error = t.throws(() => openSentencePiece(content, { added: new Map() }, 'a/m.model'), {
    instanceOf: CodecLmError,
  });
  t.is(error.code, 'TOKENIZER_INVALID');
  t.regex(error.message, message);
  t.true(error.message.startsWith('a/m.model: '));
}
