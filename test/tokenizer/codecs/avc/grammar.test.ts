import test from 'ava';
import { nextByte } from '../../../../tokenizer/codecs/avc/grammar/finish.ts';
import { createAvcGrammar } from '../../../../tokenizer/codecs/avc/grammar.ts';
import { allowsCodeNum, signedOf } from '../../../../tokenizer/codecs/avc/syntax/element.ts';
import { SyntaxState } from '../../../../tokenizer/codecs/avc/syntax/state.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';
import { GOLDEN } from './golden.ts';
import { randomDocument } from './walks.ts';

const bytesOf = (words: Uint32Array) =>
  [...Array(256).keys()].filter((byte) => (words[byte >> 5] >> (byte & 31)) & 1);

test('from every place of a document the way to the end is as long as it says', (t) => {
  const target = { width: 32, height: 16, frames: 4 };
  const grammar = createAvcGrammar(target);
  const document = randomDocument(target, randomNumbers(5));
  let state = grammar.start();
  for (const [i, byte] of document.entries()) {
    state = grammar.next(state, byte)!;
    if (i % 4 !== 0 && i < document.length - 1) continue;
    const bytes = grammar.symbolsToFinish(state);
    if (grammar.isComplete(state)) {
      t.is(bytes, 0);
      continue;
    }
    const nearer = grammar.next(state, nextByte(state));
    if (nearer === undefined || grammar.symbolsToFinish(nearer) !== bytes - 1) {
      t.fail(`no way at ${grammar.describe(state)}`);
    }
  }
  t.true(grammar.isComplete(state));
});

test('inside a picture no few bytes lead further from the end than the longest detour', (t) => {
  const random = randomNumbers(9);
  const reach = 12;
  let bounded = 0;
  for (const target of [
    { width: 64, height: 48, frames: 3 },
    { width: 48, height: 16, frames: 5 },
  ]) {
    const grammar = createAvcGrammar(target);
    const document = randomDocument(target, random);
    let state = grammar.start();
    for (const byte of document) {
      state = grammar.next(state, byte)!;
      const detour = grammar.longestDetour(state, reach);
      if (detour === Infinity || random() % 16 !== 0) continue;
      bounded++;
      const most = grammar.symbolsToFinish(state) + detour;
      let after = state;
      for (let i = 0; i < reach; i++) {
        let next: typeof after | undefined;
        while (next === undefined) next = grammar.next(after, (random() >>> 8) & 255);
        after = next;
        if (grammar.symbolsToFinish(after) > most) t.fail(grammar.describe(state));
      }
    }
  }
  t.true(bounded > 100, `only ${bounded} places`);
});

test('the way to the end leads there, through all frames', (t) => {
  const target = { width: 256, height: 144, frames: 2 };
  const grammar = createAvcGrammar(target);
  let state = grammar.start();
  const bytes = grammar.symbolsToFinish(state);
  for (let i = 0; i < bytes; i++) state = grammar.next(state, nextByte(state))!;
  t.true(grammar.isComplete(state));
  t.deepEqual(bytesOf(grammar.allowedSymbols(state)), []);
});

test('a copy of a place has every field of it, and what is written to one is not in the other', (t) => {
  const state = new SyntaxState({ width: 16, height: 16, frames: 1 });
  const owned = ['target', 'ownsModes', 'ownsTotals'];
  for (const name of Object.keys(state).filter((key) => !owned.includes(key))) {
    Object.assign(state, { [name]: { was: name } });
  }
  state.modes = new Uint8Array(16);
  state.totals = new Uint8Array(24);
  const copy = state.copy();
  t.deepEqual({ ...copy }, { ...state });
  for (const [writer, other] of [
    [copy, state],
    [state, copy.copy()],
  ]) {
    const before = [other.modes.slice(), other.totals.slice()];
    writer.setMode(3, 7);
    writer.setTotal(5, 9);
    t.deepEqual([writer.modes[3], writer.totals[5]], [7, 9]);
    t.deepEqual([other.modes, other.totals], before);
    writer.clearTotals();
    t.deepEqual(writer.totals, new Uint8Array(24));
    t.deepEqual([other.modes, other.totals], before);
    other.setTotal(1, 2);
    other.setMode(1, 2);
    t.is(writer.totals[1], 0);
    t.is(new SyntaxState().totals[1] + new SyntaxState().modes[1], 0);
  }
});

test('states are values: a branch leaves the one it came from as it was', (t) => {
  const { bytes, width, height, frames } = GOLDEN[2];
  const grammar = createAvcGrammar({ width, height, frames });
  let state = grammar.start();
  for (const [i, byte] of bytes.subarray(0, 250).entries()) {
    const before = grammar.contextKey(state, 16);
    const allowed = bytesOf(grammar.allowedSymbols(state));
    if (i % 20 === 0) t.true(allowed.includes(byte));
    if (grammar.contextKey(state, 16) !== before) t.fail(`byte ${i}`);
    state = grammar.next(state, byte)!;
  }
});

test('places with one key allow the same bytes', (t) => {
  const target = { width: 16, height: 16, frames: 30 };
  const grammar = createAvcGrammar(target);
  const seen = new Map<number, number[]>();
  let shared = 0;
  for (const seed of [1, 2]) {
    let state = grammar.start();
    for (const byte of randomDocument(target, randomNumbers(seed)).subarray(0, 350)) {
      const key = grammar.contextKey(state, 4);
      const allowed = bytesOf(grammar.allowedSymbols(state));
      const before = seen.get(key);
      if (before !== undefined) {
        shared++;
        t.deepEqual(allowed, before);
      }
      seen.set(key, allowed);
      state = grammar.next(state, byte)!;
    }
  }
  t.true(shared > 0);
});

test('what is wrong with a byte is said in words', (t) => {
  const grammar = createAvcGrammar({ width: 64, height: 48, frames: 6 });
  const { bytes } = GOLDEN[0];
  let state = grammar.start();
  t.regex(grammar.explain(state, 1)!, /start code.*expected 00 00 00 01/);
  for (const byte of bytes.subarray(0, 5)) state = grammar.next(state, byte)!;
  t.regex(
    grammar.explain(state, 77)!,
    /sequence parameter set, profile_idc: expected 66 as u\(8\)/,
  );
  t.is(grammar.explain(state, 66), undefined);
});

test('sizes that no clip has are refused', (t) => {
  const good = { width: 64, height: 48, frames: 6 };
  for (const wrong of [
    { width: 63 },
    { height: 0 },
    { width: 5000 },
    { frames: 0 },
    { frames: 1.5 },
  ]) {
    t.throws(() => createAvcGrammar({ ...good, ...wrong }), { code: 'CONFIG_INVALID' });
  }
});

test('of signed Exp-Golomb values an interval of codeNums is allowed as its members are', (t) => {
  const element = new SyntaxState();
  element.signed('mb_qp_delta', -3, 2, () => {});
  const allows = (codeNum: number) => signedOf(codeNum) >= -3 && signedOf(codeNum) <= 2;
  for (let first = 0; first < 12; first++) {
    for (let last = first; last < 12; last++) {
      const some = Array.from({ length: last - first + 1 }, (_, i) => first + i).some(allows);
      t.is(allowsCodeNum(element, first, last), some, `${first} to ${last}`);
    }
  }
});
