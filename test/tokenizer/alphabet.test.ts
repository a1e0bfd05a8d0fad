import test from 'ava';
import {
  bytesOfSymbols,
  firstCharacter,
  MAX_ALPHABET,
  symbolsOfBytes,
  symbolsOfText,
  textOfSymbols,
  toSymbols,
} from '../../tokenizer/alphabet.ts';
import { readTokenizer, writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { createFixedLengthGrammar } from '../../tokenizer/mask/fixed-length.ts';
import { createTokenMask, idsOfMask } from '../../tokenizer/mask/mask.ts';
import { plainTokenizer } from '../../tokenizer/plain.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const SIZES = [1, 16, 255, 256, 257, 512, 4096, 6400, 6401, MAX_ALPHABET];

test('each symbol has a character of its own that is no white space and is never normalized', (t) => {
  for (const size of SIZES) {
    const all = toSymbols(
      Array.from({ length: size }, (_, symbol) => symbol),
      size,
    );
    const text = textOfSymbols(all, size);
    t.is(new Set(text).size, size);
    t.notRegex(text, /\s/);
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD']) t.is(text.normalize(form), text);
    t.deepEqual(symbolsOfText(text, size), all);
    t.deepEqual(symbolsOfBytes(bytesOfSymbols(all), size, 'all.bin'), all);
    // The character behind the last one, and a letter, stand for nothing.
    const behind = String.fromCodePoint(firstCharacter(size) + size);
    t.is(symbolsOfText(`${text}${behind}`, size), size);
    t.is(symbolsOfText('a', size), 0);
  }
  t.throws(() => firstCharacter(MAX_ALPHABET + 1), { code: 'CONFIG_INVALID' });
});

test('raw files that are no symbols of the alphabet are refused', (t) => {
  t.throws(() => symbolsOfBytes(Uint8Array.of(1, 0, 2), 512, 'odd.bin'), { message: /3 bytes/ });
  t.throws(() => symbolsOfBytes(Uint8Array.of(0, 2), 512, 'x.bin'), { message: /symbol 0 is 512/ });
  t.throws(() => symbolsOfBytes(Uint8Array.of(16), 16, 'x.bin'), { code: 'TOKEN_INVALID' });
});

test('a plain alphabet is its own vocabulary, and opens as it was written', async (t) => {
  for (const size of SIZES) {
    const tokenizer = plainTokenizer(size);
    const { bosId, eosId, padId, vocabSize } = tokenizer;
    t.deepEqual([bosId, eosId, padId, vocabSize], [size, size + 1, size + 2, size + 3]);
    const document = toSymbols([0, size - 1, size >> 1], size);
    t.deepEqual([...tokenizer.encodeDocument(document)], [bosId, ...document, eosId]);
    t.deepEqual(tokenizer.decode(tokenizer.encode(document)), document);
    t.deepEqual(
      tokenizer.decode(tokenizer.encodeDocument(document), { specials: 'skip' }),
      document,
    );
    t.throws(() => tokenizer.decode([bosId]), { message: /special token/ });
    t.throws(() => tokenizer.decode([vocabSize], { specials: 'skip' }), { code: 'TOKEN_INVALID' });
    const folder = await temporaryFolder(t);
    await writeTokenizer(folder, tokenizer);
    const opened = await readTokenizer(folder);
    t.is(opened.alphabet, size);
    t.is(opened.hash, tokenizer.hash);
    t.is(opened instanceof ByteBpe, size === 256);
  }
  t.throws(() => plainTokenizer(512).encode(Uint16Array.of(512)), { code: 'TOKEN_INVALID' });
});

test('masks over symbols: all of them, then <eos> alone, within the tokens that are left', (t) => {
  const grammar = createFixedLengthGrammar({
    codec: 'Test',
    invalidCode: 'DOCUMENT_INVALID',
    alphabet: 600,
    length: 3,
    describe: (place) => `place ${place}`,
  });
  const tokenizer = plainTokenizer(600);
  const mask = createTokenMask(grammar, tokenizer);
  const symbols = Array.from({ length: 600 }, (_, symbol) => symbol);
  let state: number | undefined = mask.start();
  t.throws(() => mask.allowed(0, { tokens: 3 }), {
    message: /3 tokens: place 0 needs 3 more symbols/,
  });
  for (const symbol of [599, 0, 300]) {
    t.deepEqual(idsOfMask(mask.allowed(state!, { tokens: mask.tokensToFinish(state!) })), symbols);
    t.is(mask.advance(state!, tokenizer.eosId), undefined);
    state = mask.advance(state!, symbol);
  }
  t.deepEqual(idsOfMask(mask.allowed(state!)), [tokenizer.eosId]);
  t.is(mask.advance(state!, 5), undefined);
  t.regex(grammar.explain(3, 5)!, /3 symbols/);
});
