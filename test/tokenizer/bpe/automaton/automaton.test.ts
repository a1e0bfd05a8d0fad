import { deepStrictEqual } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { Adjacency } from '../../../../tokenizer/bpe/automaton/adjacent.ts';
import { STRAND_CHUNK } from '../../../../tokenizer/bpe/automaton/strand-layout.ts';
import { TokenTable } from '../../../../tokenizer/bpe/decode.ts';
import { BpeEncoder } from '../../../../tokenizer/bpe/encode.ts';
import { learnMerges, type Merge } from '../../../../tokenizer/bpe/learn/learn.ts';
import { QueueEncoder } from '../../../../tokenizer/bpe/queue/encoder.ts';
import { adversarialDocument, anyMerges, naiveEncode } from '../reference.ts';

const runs = process.env.CODEC_LM_TEST_LONG ? 2000 : 50;

function noise(length: number, seed: string, mask = 255): Uint8Array {
  const bytes = createHash('shake256', { outputLength: length }).update(seed).digest();
  return Uint8Array.from(bytes, (byte) => byte & mask);
}

/** Both ways of encoding, the automaton with the memory of earlier documents. */
function encoders(merges: readonly Merge[], states?: number) {
  const automaton = new BpeEncoder(merges, new TokenTable(merges), { states });
  return { automaton, queues: new QueueEncoder(merges) };
}

test('two tokens may be neighbours exactly if their bytes are encoded as them', (t) => {
  fc.assert(
    fc.property(anyMerges, (merges) => {
      const tokens = new TokenTable(merges);
      const adjacency = new Adjacency(merges);
      const ids = [0, 1, 255, ...merges.map((_, rank) => 256 + rank)];
      const short = ids.filter((id) => tokens.lengthOf(id) <= 64);
      for (const id of short) {
        const isAlone = naiveEncode(tokens.bytesOf(id), merges).join() === `${id}`;
        deepStrictEqual(adjacency.standsAlone[id], isAlone);
      }
      const alone = short.filter((id) => adjacency.standsAlone[id]).slice(-12);
      for (const left of alone) {
        for (const right of alone) {
          const encoded = naiveEncode(tokens.join([left, right]), merges);
          const isKept = encoded.join() === `${left},${right}`;
          deepStrictEqual(adjacency.adjacent(left, right), isKept);
        }
      }
    }),
    { numRuns: runs },
  );
  t.pass();
});

test('documents of many strands and chunks are encoded as by queues', (t) => {
  const length = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: STRAND_CHUNK - 9, max: STRAND_CHUNK + 9 }),
    fc.integer({ min: 2 * STRAND_CHUNK - 9, max: 3 * STRAND_CHUNK }),
  );
  const parts = fc.array(adversarialDocument, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(parts, length, fc.nat(255), (sample, bytes, mask) => {
      const joint = Buffer.concat([...sample, Uint8Array.of(mask)]);
      const repeated = Uint8Array.from({ length: bytes }, (_, i) => joint[i % joint.length]);
      const mixed = noise(bytes, `${mask}`, mask).map((byte, i) =>
        i % 97 < 50 ? byte : joint[i % joint.length],
      );
      const { automaton, queues } = encoders(learnMerges([...sample, mixed], 100));
      for (const document of [repeated, mixed, repeated.subarray(1), ...sample, mixed]) {
        deepStrictEqual(automaton.encode(document), queues.encode(document));
      }
    }),
    { numRuns: runs },
  );
  t.pass();
});

test('tokens longer than a strand reach from chunk to chunk', (t) => {
  const merges = Array.from({ length: 11 }, (_, i): Merge => (i ? [255 + i, 255 + i] : [0, 0]));
  t.is(new TokenTable(merges).longest, 2048);
  const { automaton, queues } = encoders(merges);
  for (const length of [1, 2047, 2048, 4095, STRAND_CHUNK + 2047, 5 * STRAND_CHUNK + 1]) {
    const zeros = new Uint8Array(length);
    const broken = zeros.map((_, i) => (i % 5000 === 4999 ? 1 : 0));
    for (const document of [zeros, broken]) {
      deepStrictEqual(automaton.encode(document), queues.encode(document));
    }
  }
  t.is(automaton.encode(new Uint8Array(3 * STRAND_CHUNK)).length, (3 * STRAND_CHUNK) / 2048);
});

test('queues take over where a tokenizer has too many states', (t) => {
  const documents = ['a', 'b', 'c'].map((seed) => noise(5000, seed, 3));
  const merges = learnMerges(documents, 300);
  for (const states of [2, 20, 200, 2000]) {
    const { automaton, queues } = encoders(merges, states);
    for (const document of documents) {
      deepStrictEqual(automaton.encode(document), queues.encode(document));
    }
  }
  t.pass();
});
