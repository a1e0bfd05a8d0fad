/** Masks of clips, shared between places that see the same, against the grammar asked byte by byte. */
import test, { type ExecutionContext } from 'ava';
import { learnMerges } from '../../../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../../../tokenizer/bpe/tokenizer.ts';
import { type AvcState, createAvcGrammar } from '../../../../tokenizer/codecs/avc/grammar.ts';
import { createTokenMask, idsOfMask, isInMask } from '../../../../tokenizer/mask/mask.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';
import { pick } from '../../../helpers/streams.ts';
import { testLong } from '../../../helpers/tools.ts';
import { GOLDEN } from './golden.ts';
import { type RandomNumbers, randomDocument } from './walks.ts';

const TARGETS = [
  { width: 48, height: 32, frames: 6 },
  { width: 32, height: 32, frames: 3 },
  { width: 16, height: 16, frames: 5 },
];

/** Learned on documents of every kind: merges with start codes, headers and coefficients in them. */
function tokenizer(random: RandomNumbers): ByteBpe {
  const drawn = TARGETS.map((target) => randomDocument(target, random));
  return new ByteBpe(learnMerges([...GOLDEN.map(({ bytes }) => bytes), ...drawn], 300));
}

/**
 * Along golden and random documents: masks have exactly the tokens that the grammar takes, and
 * under a limit those of them that can be finished.
 * @param documents of each target
 * @param every so many places is looked at
 */
function compare(t: ExecutionContext, documents: number, every: number, seed: number) {
  const random = randomNumbers(seed);
  const bpe = tokenizer(random);
  let places = 0;
  for (const target of TARGETS) {
    const grammar = createAvcGrammar(target);
    // Few are kept, so that families are made anew and found again.
    const mask = createTokenMask(grammar, bpe, { capacity: 300 });
    const after = (state: AvcState, id: number) => {
      let next: AvcState | undefined = state;
      for (const byte of bpe.tokenSymbols(id)) {
        next = next === undefined ? next : grammar.next(next, byte);
      }
      return next;
    };
    const golden = GOLDEN.filter(
      ({ width, height, frames }) =>
        width === target.width && height === target.height && frames === target.frames,
    );
    const drawn = Array.from({ length: documents }, () => randomDocument(target, random));
    for (const bytes of [...golden.map((document) => document.bytes), ...drawn]) {
      let state = mask.start();
      for (const id of bpe.encode(bytes)) {
        const allowed = mask.allowed(state);
        if (!isInMask(allowed, id)) t.fail(`token ${id} at ${grammar.describe(state)}`);
        if (random() % every === 0) {
          places++;
          const ends = new Map<number, AvcState>();
          for (let other = 0; other < bpe.vocabSize; other++) {
            const end = bpe.tokenSymbols(other).length > 0 ? after(state, other) : undefined;
            if (end !== undefined) ends.set(other, end);
          }
          equal(t, allowed, [...ends.keys()], grammar.describe(state));
          const spare = pick([0, 1, 4, 20, 100, 130, 1000, 1100, 7000], random);
          const tokens = mask.tokensToFinish(state) + spare;
          const fitting = [...ends].filter(([, end]) => mask.tokensToFinish(end) <= tokens - 1);
          const limited = mask.allowed(state, { tokens });
          equal(
            t,
            limited,
            [...fitting.keys()].map((i) => fitting[i][0]),
            `${spare} to spare`,
          );
        }
        state = mask.advance(state, id)!;
      }
      t.deepEqual(idsOfMask(mask.allowed(state)), [bpe.eosId]);
    }
  }
  t.log(`${places} places`);
}

function equal(t: ExecutionContext, mask: Uint32Array, expected: number[], where: string): void {
  const ids = idsOfMask(mask);
  if (ids.join() !== expected.join()) t.deepEqual(ids, expected, where);
}

test('masks of clips are what the grammar says of each token, under limits too', (t) =>
  compare(t, 1, 80, 1));
testLong('masks of many clips are what the grammar says of each token', (t) => {
  t.timeout(3_600_000);
  compare(t, 30, 10, 2);
});

test('a limit of tokens is kept, down to the fewest', (t) => {
  const random = randomNumbers(3);
  const bpe = tokenizer(random);
  for (const target of TARGETS.slice(1)) {
    const mask = createTokenMask(createAvcGrammar(target), bpe);
    const fewest = mask.tokensToFinish(mask.start());
    for (const spare of [0, 1, 30, 300]) {
      let state = mask.start();
      let left = fewest + spare;
      for (let id = -1; id !== bpe.eosId; left--) {
        id = pick(idsOfMask(mask.allowed(state, { tokens: left })), random);
        state = mask.advance(state, id)!;
      }
      t.true(left >= 0);
    }
  }
});
