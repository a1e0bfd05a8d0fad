/** The arithmetic of the probes: areas under curves, PSNR and SSIM, ranks of symbols through merges. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { areaUnderCurve } from '../../../evaluation/probes/classes.ts';
import { bySurprise, rankNextSymbol } from '../../../evaluation/probes/surprise.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { type Plane, psnr, ssim } from '../../../tokenizer/codecs/pictures/similarity.ts';
import type { Engine, EngineRow } from '../../../trainer/sample/engine/engine.ts';

/** Two textured planes, as bench/peers/evaluation/golden_quality.py makes them. */
function planes(width: number, height: number): [Plane, Plane] {
  const at = (i: number) => [i % width, Math.floor(i / width)];
  const data = Float64Array.from({ length: width * height }, (_, i) => {
    const [x, y] = at(i);
    return (x * 7 + y * 13 + ((x * y) % 31)) % 256;
  });
  const other = data.map((value, i) => {
    const [x, y] = at(i);
    return Math.min(255, Math.max(0, value + ((x * 3 + y * 5) % 17) - 8));
  });
  return [
    { width, height, data },
    { width, height, data: other },
  ];
}

interface Quality {
  width: number;
  height: number;
  psnr: number;
  ssim: number;
}

test('PSNR and SSIM are those of scikit-image', (t) => {
  const file = new URL('../../golden/evaluation/quality.json', import.meta.url);
  const golden: Quality[] = JSON.parse(readFileSync(file, 'utf8'));
  t.true(golden.length >= 3);
  for (const { width, height, ...expected } of golden) {
    const [a, b] = planes(width, height);
    t.true(Math.abs(psnr(a.data, b.data) - expected.psnr) < 1e-9);
    t.true(Math.abs(ssim(a, b) - expected.ssim) < 1e-9, `${ssim(a, b)}, not ${expected.ssim}`);
  }
});

test('equal pictures, and pictures smaller than the window', (t) => {
  for (const [width, height] of [
    [16, 16],
    [4, 30],
    [2, 3],
  ]) {
    const [a, b] = planes(width, height);
    t.is(psnr(a.data, a.data), 100);
    t.true(Math.abs(ssim(a, a) - 1) < 1e-12);
    t.true(ssim(a, b) < 1);
  }
});

test('area under the curve: pairs counted one by one', (t) => {
  const cases: [number[], number[]][] = [
    [
      [1, 2, 3],
      [4, 5],
    ],
    [
      [3, 1, 2, 2],
      [2, 0, 5, 2],
    ],
    [[1, 1], [1]],
  ];
  for (const [first, second] of cases) {
    let larger = 0;
    for (const a of first) for (const b of second) larger += b > a ? 1 : b === a ? 0.5 : 0;
    t.is(areaUnderCurve(first, second), larger / (first.length * second.length));
  }
});

/** Logits by what was read: a model made by hand. */
function engineOf(vocabSize: number, chancesAfter: (ids: number[]) => Map<number, number>): Engine {
  const ids: number[] = [];
  return {
    ...{ vocabSize, maxRows: 2, capacity: 100, description: 'by hand' },
    open: (capacity) => {
      ids.length = 0;
      return { length: 0, capacity };
    },
    close: () => undefined,
    dispose: async () => undefined,
    async step(rows: readonly EngineRow[]) {
      return rows.flatMap(({ id, wantsLogits }) => {
        ids.push(id);
        if (!wantsLogits) return [];
        const chances = chancesAfter(ids);
        return [
          Float32Array.from({ length: vocabSize }, (_, i) => Math.log(chances.get(i) ?? 1e-9)),
        ];
      });
    },
  };
}

test('the next symbol, where a merge reaches over the end of what is known', async (t) => {
  const bpe = new ByteBpe([[0xff, 0xd0]]);
  const [ff, d0, d1, merged] = [0xff, 0xd0, 0xd1, 256];
  const engine = engineOf(bpe.vocabSize, (ids) =>
    ids.at(-1) === ff
      ? new Map([[d1, 1]])
      : new Map([
          [merged, 0.6],
          [ff, 0.3],
          [7, 0.1],
        ]),
  );
  // After 07, FF comes as part of FF D0 in two of three cases, else alone, and then D1 follows.
  const ranked = await rankNextSymbol(Uint8Array.of(7, ff), bpe, engine);
  t.deepEqual(ranked.slice(0, 2), [d0, d1]);
  t.is(new Set(ranked).size, 256);
  const atStart = await rankNextSymbol(new Uint8Array(0), bpe, engine);
  t.deepEqual(atStart.slice(0, 2), [ff, 7]);
});

test('tokens by their bits, with the symbols they stand for', (t) => {
  const bpe = new ByteBpe([[0xff, 0xd0]]);
  const ids = bpe.encodeDocument(Uint8Array.of(1, 0xff, 0xd0, 2));
  const found = bySurprise(ids, Float64Array.of(3, 5, 5, 9), bpe);
  t.deepEqual(found, [
    { from: 1, end: 3, bits: 5 },
    { from: 3, end: 4, bits: 5 },
    { from: 0, end: 1, bits: 3 },
  ]);
});
