import test from 'ava';
import {
  COEFF_TOKEN_WORDS,
  coeffTokenCode,
} from '../../../../tokenizer/codecs/avc/tables/coeff-token.ts';
import { INTER_PATTERNS, INTRA_PATTERNS } from '../../../../tokenizer/codecs/avc/tables/pattern.ts';
import { PrefixCode } from '../../../../tokenizer/codecs/avc/tables/prefix-code.ts';
import {
  CHROMA_DC_TOTAL_ZEROS_WORDS,
  RUN_BEFORE_WORDS,
  TOTAL_ZEROS_WORDS,
} from '../../../../tokenizer/codecs/avc/tables/zeros.ts';

/** The code space that no word begins with, in units of 2^-16: 0 if the code is complete. */
function unused(words: readonly string[]): number {
  return 2 ** 16 - words.reduce((sum, word) => sum + 2 ** (16 - word.length), 0);
}

function isPrefixFree(words: readonly string[]): boolean {
  const sorted = [...words].sort();
  return sorted.every((word, i) => i === 0 || !word.startsWith(sorted[i - 1]));
}

const zeros = [...TOTAL_ZEROS_WORDS, ...CHROMA_DC_TOTAL_ZEROS_WORDS, ...RUN_BEFORE_WORDS];
const tables = [...COEFF_TOKEN_WORDS.map((words) => [...words.values()]), ...zeros];

test('no word of a table begins another', (t) => {
  for (const [i, words] of tables.entries()) t.true(isPrefixFree(words), `table ${i}`);
});

test('the tables are complete codes but for the all-zero words that the standard leaves out', (t) => {
  const left = COEFF_TOKEN_WORDS.map((words) => unused([...words.values()]));
  t.deepEqual(left, [2, 8, 64, 2048, 0]);
  for (const [i, words] of zeros.entries()) {
    const longest = Math.max(...words.map((word) => word.length));
    const isOpen = !words.some((word) => /^0+$/.test(word));
    t.is(unused(words), isOpen ? 2 ** (16 - longest) : 0, `table ${i} of zeros`);
  }
});

test('a table has one word a value', (t) => {
  t.deepEqual(
    COEFF_TOKEN_WORDS.map((words) => words.size),
    [62, 62, 62, 62, 14],
  );
  t.deepEqual(
    TOTAL_ZEROS_WORDS.map((words) => words.length),
    Array.from({ length: 15 }, (_, i) => 16 - i),
  );
  for (const patterns of [INTRA_PATTERNS, INTER_PATTERNS]) {
    t.deepEqual(
      [...patterns].sort((a, b) => a - b),
      [...Array(48).keys()],
    );
  }
});

test('every word is read back as its value, whatever comes after it', (t) => {
  for (const words of COEFF_TOKEN_WORDS) {
    const code = new PrefixCode(words);
    for (const [value, word] of words) {
      for (const rest of ['0', '1']) {
        const next = Number.parseInt(word.padEnd(32, rest), 2) | 0;
        t.is(code.read(next), value * 32 + word.length);
      }
    }
  }
});

test('a block has no more coefficients than its kind', (t) => {
  const sixteen = COEFF_TOKEN_WORDS[0].get(4 * 16)!;
  const next = Number.parseInt(sixteen.padEnd(32, '0'), 2) | 0;
  t.is(coeffTokenCode(0, 16).read(next) >> 5, 4 * 16);
  t.is(coeffTokenCode(0, 15).read(next), -1);
});
