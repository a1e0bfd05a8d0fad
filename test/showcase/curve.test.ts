import test from 'ava';
import { formatCurve, parseCurve, readCurve } from '../../showcase/curve.ts';
import { drawCurve } from '../../showcase/curve-picture.ts';
import type { TrainMetrics, ValMetrics } from '../../trainer/index.ts';

const train = Array.from(
  { length: 200 },
  (_, i) => ({ step: i + 1, tokensSeen: 2048 * (i + 1), loss: 5 / (i + 1) }) as TrainMetrics,
);
const val = [{ step: 25, loss: 0.75 } as ValMetrics];

test('a curve is read as it was written', (t) => {
  const curve = parseCurve(formatCurve({ train, val }));
  t.is(curve.length, 200);
  t.deepEqual(curve[0], { step: 1, tokens: 2048, loss: 5 });
  t.deepEqual(curve[24], { step: 25, tokens: 51_200, loss: 0.2, validation: 0.75 });
});

test('its picture is an SVG file of its own, with a line for training and one for what is held out', (t) => {
  const svg = drawCurve(parseCurve(formatCurve({ train, val })));
  t.regex(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*><style>/);
  t.regex(svg, /<\/svg>\n$/);
  t.is([...svg.matchAll(/<polyline/g)].length, 2);
});

test('the recorded curve of the shipped model is complete and falls', async (t) => {
  const curve = await readCurve();
  t.deepEqual(
    curve.map(({ step }) => step),
    curve.map((_, i) => i + 1),
  );
  const validation = curve.flatMap((point) => point.validation ?? []);
  t.true(curve.length >= 1000 && validation.length >= 10);
  t.true(validation.at(-1)! < 0.5 * validation[0] || validation.at(-1)! < 0.45);
  t.is(curve.at(-1)!.validation, validation.at(-1));
});
