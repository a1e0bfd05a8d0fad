import { deepStrictEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { CodecLmError } from '../../../../base/error.ts';
import { copyTokenizer } from '../../../../tokenizer/bpe/files/copy.ts';
import { readTokenizer, writeTokenizer } from '../../../../tokenizer/bpe/files/huggingface.ts';
import { learnMerges } from '../../../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../../../tokenizer/bpe/tokenizer.ts';

/** Trained, saved and encoded by Hugging Face tokenizers, its specials at ids 0 to 2 (bench/bpe/compare.ts). */
const GOLDEN = fileURLToPath(new URL('../../../golden/bpe', import.meta.url));

async function folder(t: import('ava').ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codec-lm-test-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function golden(): Promise<{ bytes: Uint8Array; ids: number[] }[]> {
  const entries = JSON.parse(await readFile(join(GOLDEN, 'documents.json'), 'utf8'));
  return entries.map(({ bytes, ids }: { bytes: string; ids: number[] }) => ({
    bytes: new Uint8Array(Buffer.from(bytes, 'hex')),
    ids,
  }));
}

test('the merges of Hugging Face tokenizers on the golden documents', async (t) => {
  const documents = (await golden()).map(({ bytes }) => bytes);
  t.deepEqual(learnMerges(documents, 120), [...(await readTokenizer(GOLDEN)).merges]);
});

test('a tokenizer trained elsewhere opens, gives the same ids and decodes back', async (t) => {
  const bpe = await readTokenizer(GOLDEN);
  t.deepEqual([bpe.vocabSize, bpe.bosId, bpe.eosId, bpe.padId], [379, 1, 2, 2]);
  for (const { bytes, ids } of await golden()) {
    deepStrictEqual([...bpe.encode(bytes)], ids);
    deepStrictEqual(bpe.decode(ids), bytes);
  }
  t.throws(() => bpe.decode([0]), { message: /id 0 at position 0 is a special token/ });
});

test('what is written opens as it was, whatever its ids', async (t) => {
  const ours = new ByteBpe([
    [255, 208],
    [256, 0],
  ]);
  for (const bpe of [ours, await readTokenizer(GOLDEN)]) {
    const dir = await folder(t);
    await writeTokenizer(dir, bpe, { model_max_length: 12_288 });
    const again = await readTokenizer(dir);
    t.deepEqual(again.merges, bpe.merges);
    t.is(again.hash, bpe.hash);
    t.deepEqual([again.bosId, again.eosId, again.padId], [bpe.bosId, bpe.eosId, bpe.padId]);
    const config = JSON.parse(await readFile(join(dir, 'tokenizer_config.json'), 'utf8'));
    t.is(config.model_max_length, 12_288);
    t.is(config.tokenizer_class, 'PreTrainedTokenizerFast');
  }
});

const FIRST_TEMPLATE = {
  type: 'TemplateProcessing',
  single: [
    { SpecialToken: { id: '<bos>', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '<eos>', type_id: 0 } },
  ],
  pair: [
    { SpecialToken: { id: '<bos>', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '<eos>', type_id: 0 } },
    { SpecialToken: { id: '<bos>', type_id: 1 } },
    { Sequence: { id: 'B', type_id: 1 } },
    { SpecialToken: { id: '<eos>', type_id: 1 } },
  ],
  special_tokens: {
    '<bos>': { id: '<bos>', ids: [259], tokens: ['<bos>'] },
    '<eos>': { id: '<eos>', ids: [260], tokens: ['<eos>'] },
  },
};

/** The file as the first release wrote it: only the post-processor differs. */
async function inFirstForm(dir: string): Promise<string> {
  const path = join(dir, 'tokenizer.json');
  const file = JSON.parse(await readFile(path, 'utf8'));
  const text = `${JSON.stringify({ ...file, post_processor: FIRST_TEMPLATE }, null, 2)}\n`;
  await writeFile(path, text);
  return text;
}

const THREE: [number, number][] = [
  [1, 2],
  [256, 3],
  [5, 5],
];

test('what is tokenized with it is a prompt: <bos> in front and nothing behind', async (t) => {
  const dir = await folder(t);
  await writeTokenizer(dir, new ByteBpe(THREE));
  const { post_processor } = JSON.parse(await readFile(join(dir, 'tokenizer.json'), 'utf8'));
  t.deepEqual(post_processor.single, FIRST_TEMPLATE.single.slice(0, 2));
  t.deepEqual(
    post_processor.pair.map((part: { Sequence?: object }) => 'Sequence' in part),
    [false, true, false, true],
  );
  t.deepEqual(Object.keys(post_processor.special_tokens), ['<bos>']);
});

test('a file of the first release opens, keeps its bytes and its hash, and gives the same ids', async (t) => {
  const dir = await folder(t);
  const ours = new ByteBpe(THREE);
  await writeTokenizer(dir, ours);
  const text = await inFirstForm(dir);
  const old = await readTokenizer(dir);
  t.is(old.hash, createHash('sha256').update(text).digest('hex'));
  t.not(old.hash, ours.hash);
  const bytes = Uint8Array.of(1, 2, 3, 5, 5, 9);
  t.deepEqual(old.encodeDocument(bytes), ours.encodeDocument(bytes));
  await writeTokenizer(dir, old);
  t.is(await readFile(join(dir, 'tokenizer.json'), 'utf8'), text);
});

test('a copy beside a model is in the new form, what is not ours is copied as it is', async (t) => {
  const [from, to] = [await folder(t), await folder(t)];
  await writeTokenizer(from, new ByteBpe(THREE), { model_max_length: 7 });
  await inFirstForm(from);
  await copyTokenizer(from, to);
  t.is((await readTokenizer(to)).hash, new ByteBpe(THREE).hash);
  const name = 'tokenizer_config.json';
  t.is(await readFile(join(to, name), 'utf8'), await readFile(join(from, name), 'utf8'));
  for (const text of ['{}', await readFile(join(GOLDEN, 'tokenizer.json'), 'utf8')]) {
    await writeFile(join(from, 'tokenizer.json'), text);
    await copyTokenizer(from, to);
    t.is(await readFile(join(to, 'tokenizer.json'), 'utf8'), text);
  }
});

test('merges are read as "a b" and as [a, b]', async (t) => {
  const dir = await folder(t);
  const bpe = new ByteBpe([
    [1, 2],
    [256, 3],
  ]);
  await writeTokenizer(dir, bpe);
  const path = join(dir, 'tokenizer.json');
  const file = JSON.parse(await readFile(path, 'utf8'));
  file.model.merges = file.model.merges.map((merge: string) => merge.split(' '));
  await writeFile(path, JSON.stringify(file));
  t.is((await readTokenizer(path)).hash, bpe.hash);
});

test('a byte that a foreign vocabulary lacks is an error, not another byte', async (t) => {
  const dir = await folder(t);
  await writeTokenizer(dir, new ByteBpe([]));
  const path = join(dir, 'tokenizer.json');
  const file = JSON.parse(await readFile(path, 'utf8'));
  delete file.model.vocab['\u2807'];
  await writeFile(path, JSON.stringify(file));
  const bpe = await readTokenizer(dir);
  t.deepEqual([...bpe.encode(Uint8Array.of(6, 8))], [6, 8]);
  t.throws(() => bpe.encode(Uint8Array.of(6, 7)), { message: /byte 07/ });
});

type TokenizerJson = {
  added_tokens: unknown[];
  normalizer: unknown;
  pre_tokenizer: unknown;
  model: Record<string, unknown> & { vocab: Record<string, unknown>; merges: unknown[] };
};

const damages: Record<string, [(file: TokenizerJson) => unknown, RegExp]> = {
  'is not JSON': [() => '{', /is not JSON/],
  'is another model': [(f) => (f.model.type = 'WordPiece'), /model\.type/],
  normalizes: [(f) => (f.normalizer = { type: 'NFC' }), /normalizer/],
  'splits words': [(f) => (f.pre_tokenizer = { type: 'Whitespace' }), /pre_tokenizer/],
  'drops merges at random': [(f) => (f.model.dropout = 0.1), /model\.dropout/],
  'ignores merges': [(f) => (f.model.ignore_merges = true), /model\.ignore_merges/],
  'has ids over 16 bits': [(f) => (f.model.vocab['\u2801'] = 70_000), /vocab/],
  'has a merge of unknown tokens': [(f) => (f.model.merges[0] = 'a b'), /merge 0 is not made of/],
  'has a merge of one token': [(f) => (f.model.merges[0] = 'ab'), /merge 0 is not two tokens/],
  'has a merge of a later token': [(f) => f.model.merges.reverse(), /merge 0 is not made of/],
  'has a merge twice': [(f) => f.model.merges.push(f.model.merges[0]), /same token/],
  'has one id twice': [(f) => (f.model.vocab['\u2801'] = 2), /two tokens .* id 2/],
  'has no specials': [(f) => (f.added_tokens = []), /<bos>/],
};

for (const [what, [damage, message]] of Object.entries(damages)) {
  test(`a file that ${what} is refused`, async (t) => {
    const dir = await folder(t);
    await writeTokenizer(
      dir,
      new ByteBpe([
        [1, 2],
        [256, 3],
      ]),
    );
    const path = join(dir, 'tokenizer.json');
    const file = JSON.parse(await readFile(path, 'utf8'));
    const result = damage(file);
    await writeFile(path, result === '{' ? '{' : JSON.stringify(file));
    const error = await t.throwsAsync(readTokenizer(dir), { instanceOf: CodecLmError });
    t.is(error?.code, 'TOKENIZER_INVALID');
    t.regex(error?.message ?? '', message);
    t.true(error?.message.includes(path));
  });
}

test('no such file, and no place to write', async (t) => {
  const dir = await folder(t);
  const missing = await t.throwsAsync(readTokenizer(join(dir, 'no')), { instanceOf: CodecLmError });
  t.is(missing?.code, 'INPUT_NOT_FOUND');
  await writeFile(join(dir, 'file'), '');
  const inFile = writeTokenizer(join(dir, 'file', 'sub'), new ByteBpe([]));
  await t.throwsAsync(inFile, { instanceOf: CodecLmError });
});
