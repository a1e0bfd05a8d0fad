import { deepStrictEqual } from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { CodecLmError } from '../../../../base/error.ts';
import { learnMerges } from '../../../../tokenizer/bpe/learn/learn.ts';
import { LearningSample, learningMemory } from '../../../../tokenizer/bpe/learn/memory.ts';
import { adversarialDocument, naiveLearn } from '../reference.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

for (const ties of ['ids', 'bytes'] as const) {
  test(`learns what the definition says, on adversarial documents; ties by ${ties}`, (t) => {
    const documents = fc.array(adversarialDocument, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(documents, fc.integer({ min: 0, max: 60 }), (sample, count) => {
        deepStrictEqual(learnMerges(sample, count, { ties }), naiveLearn(sample, count, ties));
      }),
      { numRuns: process.env.CODEC_LM_TEST_LONG ? 5000 : 200 },
    );
    t.pass();
  });
}

test('learns the same when so few pairs are listed at first that the text is gone through again', (t) => {
  // The fewer merges are asked for, the fewer pairs are listed; four symbols make sixteen pairs,
  // and a merge takes most of the others apart.
  const fewSymbols = fc.array(fc.constantFrom(0, 1, 2, 255), { minLength: 40, maxLength: 400 });
  const phrases = fc
    .tuple(fc.uint8Array({ minLength: 2, maxLength: 12 }), fc.integer({ min: 2, max: 40 }))
    .map(([phrase, times]) => new Array<number[]>(times).fill([...phrase]).flat());
  const documents = fc.array(fc.oneof(fewSymbols, phrases), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(documents, fc.integer({ min: 1, max: 8 }), (lists, count) => {
      const sample = lists.map((list) => Uint8Array.from(list));
      deepStrictEqual(learnMerges(sample, count), naiveLearn(sample, count));
    }),
    { numRuns: process.env.CODEC_LM_TEST_LONG ? 5000 : 300 },
  );
  t.pass();
});

test('by bytes, the shorter of two equally frequent tokens is merged first', (t) => {
  // After "ab", the three bytes of "xab" and the two of "yz" are as frequent as one another.
  const sample = [bytes('xab'), bytes('xab'), bytes('ab'), bytes('yz'), bytes('yz')];
  t.deepEqual(learnMerges(sample, 2, { ties: 'bytes' }), [
    [97, 98],
    [121, 122],
  ]);
});

test('of equally frequent pairs the smallest ids are merged first', (t) => {
  t.deepEqual(learnMerges([bytes('cd'), bytes('ab'), bytes('ac')], 3), [
    [97, 98],
    [97, 99],
    [99, 100],
  ]);
});

test('overlapping pairs all count, and the leftmost are merged', (t) => {
  // aaaa holds "aa" three times, as often as "xy": the smaller ids win.
  t.deepEqual(learnMerges([bytes('aaaa'), bytes('xy'), bytes('xy'), bytes('xy')], 3), [
    [97, 97],
    [120, 121],
    [256, 256],
  ]);
});

test('pairs do not reach over the end of a document', (t) => {
  t.deepEqual(learnMerges([bytes('a'), bytes('b'), bytes('')], 5), []);
});

test('ends early when nothing is left to merge, or nothing frequent enough', (t) => {
  t.is(learnMerges([bytes('abcd')], 100).length, 3);
  t.is(learnMerges([bytes('ababcd')], 100, { minFrequency: 2 }).length, 1);
  t.deepEqual(learnMerges([], 10), []);
});

test('reports each merge', (t) => {
  const seen: number[][] = [];
  learnMerges([bytes('ababcd')], 2, { onMerge: (done, frequency) => seen.push([done, frequency]) });
  t.deepEqual(seen, [
    [1, 2],
    [2, 1],
  ]);
});

test('more ids than a square table holds give the same merges', (t) => {
  // 4,096 ids and more are counted in a hash table; the first merges must not change.
  const text = Uint8Array.from(
    { length: 30_000 },
    (_, i) => (Math.imul(i, i + 12_345) >>> 7) & 255,
  );
  const few = learnMerges([text], 500);
  t.deepEqual(learnMerges([text], 5000).slice(0, 500), few);
});

test('a sample that does not fit is refused before it starts', (t) => {
  const sample = [new Uint8Array(1_000_000)];
  const error = t.throws(() => learnMerges(sample, 320, { memoryLimit: 5_000_000 }), {
    instanceOf: CodecLmError,
  });
  t.is(error?.code, 'MEMORY_LIMIT');
  t.regex(error?.message ?? '', /1 documents \(1 MiB\) takes up to \d+ MiB .* 5 MiB is available/);
  t.truthy(error?.hint);
});

test('a sample too large is refused while it is gathered, not when all of it is in memory', (t) => {
  const sample = new LearningSample(320, () => 300 * 2 ** 20);
  const error = t.throws(
    () => {
      // Learning takes 14 bytes for a byte: about 20 of these fit.
      for (let i = 0; i < 1000; i++) sample.add(new Uint8Array(2 ** 20));
    },
    { instanceOf: CodecLmError },
  );
  t.is(error?.code, 'MEMORY_LIMIT');
  t.regex(error?.message ?? '', /(\d+) documents \(\1 MiB\) takes .* 300 MiB is available/);
  t.true(sample.documents.length < 30);
});

test('64 MB of samples stay under 1.5 GB by the estimate', (t) => {
  t.true(64e6 + learningMemory(64e6, 10_000, 1024) < 1.5e9);
});

for (const count of [-1, 1.5, Number.NaN, 65_278]) {
  test(`${count} merges are refused`, (t) => {
    const error = t.throws(() => learnMerges([], count), { instanceOf: CodecLmError });
    t.is(error?.code, 'CONFIG_INVALID');
  });
}
