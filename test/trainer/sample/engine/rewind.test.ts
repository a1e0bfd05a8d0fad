/** Several positions of a sequence in one step, and tokens that are forgotten: the logits of one after the other. */
import test from 'ava';
import { createWasmEngine } from '../../../../trainer/sample/engine/wasm-engine.ts';
import { BLOCKED_CONFIG, largeWeights, readIds, someIds } from '../../../helpers/engine.ts';

// Heads of 16 numbers, which all formats of the cache take.
const CONFIG = { ...BLOCKED_CONFIG, hiddenSize: 64, heads: 4, kvHeads: 2 };
const weights = largeWeights(CONFIG, 5);
const IDS = someIds(150, 3);

for (const [matrices, cache] of [
  ['fp32', 'fp32'],
  ['bf16', 'bf16'],
  ['int8', 'int8'],
  ['int8', 'bf16'],
] as const) {
  for (const compiled of [false, true]) {
    test(`weights ${matrices}, cache ${cache}${compiled ? ', compiled kernels' : ''}`, async (t) => {
      const size = { sequences: 3, positions: 200, weights: matrices, cache, compiled };
      const one = createWasmEngine(CONFIG, weights, { ...size, threads: 1 })!;
      const expected = await readIds(one, one.open(200)!, IDS, 1);
      await one.dispose();
      for (const threads of [1, 2]) {
        const engine = createWasmEngine(CONFIG, weights, { ...size, threads })!;
        const [sequence, beside] = [engine.open(200)!, engine.open(200)!];
        for (let length = 0, turn = 0; length < IDS.length; turn++) {
          // So many right ids, behind them wrong ones, beside a row of another sequence.
          const right = IDS.slice(length, length + 1 + (turn % 7));
          const wrong = someIds(turn % 5, turn + 11);
          const rows = [...right, ...wrong].map((id) => ({ sequence, id, wantsLogits: true }));
          const other = { sequence: beside, id: turn % 26, wantsLogits: true };
          const logits = await engine.step(turn % 2 ? [...rows, other] : [other, ...rows]);
          const own = turn % 2 ? logits : logits.slice(1);
          t.deepEqual(own.slice(0, right.length), expected.slice(length, length + right.length));
          length += right.length;
          engine.rewind!(sequence, length);
          t.is(sequence.length, length);
        }
        t.throws(() => engine.rewind!(sequence, sequence.length + 1), { message: /has no first/ });
        await engine.dispose();
      }
    });
  }
}

test('a sequence that begins as another keeps its tokens when that one forgets', async (t) => {
  const engine = createWasmEngine(CONFIG, weights, { sequences: 2, positions: 200, threads: 1 })!;
  const first = engine.open(200)!;
  const expected = await readIds(engine, first, IDS.slice(0, 100), 20);
  const fork = engine.fork!(first, 70, 200)!;
  engine.rewind!(first, 72);
  await readIds(engine, first, someIds(20, 9), 20);
  const logits = await readIds(engine, fork, IDS.slice(70, 100), 10);
  t.deepEqual(logits, expected.slice(70));
  await engine.dispose();
});
