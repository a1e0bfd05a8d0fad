/** Two evaluations class by class. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { compareClasses } from '../../../../evaluation/protocol/classes/compare.ts';
import { pearson } from '../../../../evaluation/protocol/classes/correlation.ts';
import { evaluated, evaluationPlace, writeNetwork } from '../../../helpers/evaluation.ts';

test('differences of the classes, and their correlation with frequencies', async (t) => {
  const place = await evaluationPlace(t, { pictures: 9, classes: 4 });
  const features = await writeNetwork(place.folder);
  const [first, second, other] = ['first', 'second', 'other'].map((name) =>
    join(place.folder, name),
  );
  const common = { features, seeds: 1 };
  await evaluated(place, { ...common, to: first, ratios: [0.25, 0.5] });
  await evaluated(place, { ...common, to: second, topK: [1] });
  const frequencies = join(place.folder, 'f.csv');
  await writeFile(frequencies, 'class-0,10\nclass-1,100\nclass-2,5000\nnobody,7\nclass-3,20\n');
  const [found, ...none] = await compareClasses(first, second, { frequencies });
  t.deepEqual(none, [], 'ratios that both have');
  t.like(found, { condition: 'ratio-0.5', distance: 'FD-MobileNetV2', tooFew: 0, unknown: 0 });
  t.deepEqual(
    found.classes.map(({ class: name, pictures }) => [name, pictures]),
    [
      ['class-0', 3],
      ['class-1', 2],
      ['class-2', 2],
      ['class-3', 2],
    ],
  );
  const differences = found.classes.map(({ difference }) => difference);
  t.deepEqual(
    differences,
    found.classes.map(({ first: a, second: b }) => a - b),
  );
  t.true(differences.every((difference) => difference !== 0));
  t.deepEqual(found.frequency, pearson([10, 100, 5000, 20], differences));
  t.deepEqual(found.logFrequency, pearson([10, 100, 5000, 20].map(Math.log10), differences));
  const [turned] = await compareClasses(second, first, { frequencies });
  t.is(turned.frequency.r, -found.frequency.r);
  t.is(turned.frequency.p, found.frequency.p);

  await writeFile(frequencies, 'class-0,10\nclass-1,0\nclass-2,5000\n');
  const [few] = await compareClasses(first, second, { frequencies });
  t.like(few, { unknown: 1, logFrequency: null });
  await writeFile(frequencies, 'class-0,10\nclass-1,100\n');
  const refused = (a: string, b: string, code: string, message: RegExp) =>
    t.throwsAsync(compareClasses(a, b, { frequencies }), { code, message });
  await refused(first, second, 'PICTURES_TOO_FEW', /2 classes can be compared/);
  await evaluated(place, { to: other, seeds: 1, num: 8, features });
  await refused(first, other, 'STATISTICS_MISMATCH', /other pictures/);
  await refused(first, place.images, 'INPUT_NOT_FOUND', /holds no evaluation/);
});

test('pictures without classes, and evaluations without distances, cannot be compared so', async (t) => {
  const place = await evaluationPlace(t, { pictures: 4, classes: 1 });
  const flat = { ...place, images: join(place.images, 'class-0') };
  const features = await writeNetwork(place.folder);
  const frequencies = join(place.folder, 'f.csv');
  await writeFile(frequencies, 'class-0,10\n');
  const to = join(place.folder, 'out');
  await evaluated(flat, { to, seeds: 1 });
  const refused = (message: RegExp) =>
    t.throwsAsync(compareClasses(to, to, { frequencies }), {
      code: 'STATISTICS_MISMATCH',
      message,
    });
  await refused(/measured without a network/);
  await evaluated(flat, { to, seeds: 1, features });
  await refused(/have no classes/);
});
