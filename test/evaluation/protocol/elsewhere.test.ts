/** Rows of models that ran elsewhere: prompts that they are given, and completions that come back. */
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { parseRows } from '../../../evaluation/protocol/elsewhere.ts';
import { activeRegion, Layout } from '../../../evaluation/protocol/layout.ts';
import { writePrompts } from '../../../evaluation/protocol/prompts.ts';
import { readPixels } from '../../../evaluation/protocol/rasters.ts';
import {
  type EvaluationPlace,
  evaluated,
  evaluationPlace,
  SIDE,
} from '../../helpers/evaluation.ts';

const SIZE = { width: SIDE, height: SIDE };

async function promptsOf({ images, folder }: EvaluationPlace, options = {}): Promise<string> {
  const to = join(folder, 'prompts');
  await writePrompts({ images, to, ratios: [0.25, 0.5], ...SIZE, ...options });
  return to;
}

test('prompts, masks and originals: what is given is as it was, the rest is grey, the mask says which', async (t) => {
  const place = await evaluationPlace(t, { pictures: 3 });
  const to = await promptsOf(place, { halfSize: true });
  const folders = ['half-ratio-0.25', 'half-ratio-0.5', 'ratio-0.25', 'ratio-0.5'];
  t.deepEqual((await readdir(to)).sort(), [
    ...folders.slice(0, 2),
    'prompts.json',
    ...folders.slice(2),
  ]);
  for (const [id, rows] of [
    ['ratio-0.25', SIDE / 4],
    ['ratio-0.5', SIDE / 2],
    ['half-ratio-0.5', SIDE / 2],
    // A quarter of the picture within its border.
    ['half-ratio-0.25', SIDE / 4 + SIDE / 8],
  ] as const) {
    for (let nth = 0; nth < 3; nth++) {
      const [prompt, mask, original] = await Promise.all(
        ['prompts', 'masks', 'originals'].map((kind) =>
          readPixels(join(to, id, kind, `0000000${nth}.png`)),
        ),
      );
      const end = rows * SIDE * 3;
      t.deepEqual(prompt.data.subarray(0, end), original.data.subarray(0, end));
      t.true(prompt.data.subarray(end).every((sample) => sample === 128));
      t.true(mask.data.every((sample, i) => sample === (i < end ? 0 : 255)));
      const isDark = original.data.subarray(0, SIDE * 3).every((sample) => sample === 0);
      t.is(isDark, id.startsWith('half'), 'borders are black');
    }
  }
  const { pictures } = JSON.parse(await readFile(join(to, 'prompts.json'), 'utf8'));
  t.like(pictures[1], { name: 'class-0/02.png', class: 'class-0' });
  t.deepEqual(activeRegion(SIZE), { left: 8, top: 8, width: 16, height: 16 });

  await rm(join(to, 'ratio-0.5', 'prompts', '00000001.png'));
  await promptsOf(place, { halfSize: true });
  t.is((await readdir(join(to, 'ratio-0.5', 'prompts'))).length, 3, 'what was missing is made');
  const message = /prompts of other pictures or settings/;
  await t.throwsAsync(promptsOf(place), { code: 'OUTPUT_IN_USE', message });
});

test('originals are those of an evaluation with the same choice; a row is pasted and counted', async (t) => {
  const place = await evaluationPlace(t);
  const prompts = await promptsOf(place, { num: 4, seed: 1 });
  const row = join(place.folder, 'row');
  await mkdir(row);
  // As it was given for one ratio, with one pixel changed; two seeds for the other one.
  await cp(join(prompts, 'ratio-0.5/prompts'), join(row, 'ratio-0.5'), { recursive: true });
  const changed = join(row, 'ratio-0.5', '00000002.png');
  const { data } = await readPixels(changed);
  data[3] += data[3] < 128 ? 6 : -6;
  await sharp(data, { raw: { ...SIZE, channels: 3 } }).toFile(changed);
  for (const seed of ['seed-0', 'seed-10']) {
    const folder = join(row, 'ratio-0.25', seed);
    await cp(join(prompts, 'ratio-0.25/originals'), folder, { recursive: true });
  }
  const to = join(place.folder, 'out');
  const options = { to, num: 4, seed: 1, ratios: [0.25, 0.5], seeds: 1 };
  const { table } = await evaluated(place, { ...options, rows: [`as given=${row}`] });
  const layout = new Layout(to);
  for (const name of await readdir(layout.prepared('originals', false))) {
    t.deepEqual(
      await readFile(join(layout.prepared('originals', false), name)),
      await readFile(join(prompts, 'ratio-0.5/originals', name)),
    );
  }
  const { counts } = table.rows.find(({ name }) => name === 'as given')!;
  const given = 4 * SIDE * (SIDE / 2);
  t.deepEqual(counts['ratio-0.5'], {
    ...{ pictures: 4, given, changed: 1, meanChange: 6 / (3 * given) },
  });
  t.like(counts['ratio-0.25'], { pictures: 8, changed: 0, meanChange: 0 });
  const pasted = await readPixels(join(layout.rows, 'as given/ratio-0.5/set-0/00000002.png'));
  t.is(Math.abs(pasted.data[3] - data[3]), 6);

  // A completion that was made anew is pasted anew, and nothing else is.
  await copyFile(join(prompts, 'ratio-0.5/originals/00000002.png'), changed);
  const again = await evaluated(place, { ...options, rows: [`as given=${row}`] });
  const row2 = again.table.rows.find(({ name }) => name === 'as given')!;
  t.is(row2.counts['ratio-0.5'].changed, 0);
});

test('a row that does not fit is refused before anything is drawn', async (t) => {
  const place = await evaluationPlace(t, { pictures: 3 });
  const prompts = await promptsOf(place);
  const row = join(place.folder, 'row');
  await mkdir(row);
  const set = join(row, 'ratio-0.5');
  await cp(join(prompts, 'ratio-0.5/originals'), set, { recursive: true });
  const to = join(place.folder, 'out');
  const fails = (code: string, message: RegExp, rows = [`other=${row}`]) =>
    t.throwsAsync(evaluated(place, { to, rows }), { code, message });
  await rename(join(set, '00000001.png'), join(set, '00000003.png'));
  await fails(
    'COMPLETIONS_MISMATCH',
    /row "other": .*ratio-0\.5: 1 of 3 completions are missing, the first is 00000001/,
  );
  await copyFile(join(set, '00000000.png'), join(set, '00000001.png'));
  await fails('COMPLETIONS_MISMATCH', /1 pictures belong to no prompt, .*00000003\.png/);
  await rename(join(set, '00000003.png'), join(set, '00000001.jpg'));
  await fails('COMPLETIONS_MISMATCH', /two completions of one prompt/);
  await rm(join(set, '00000001.jpg'));
  const picture = sharp(join(set, '00000000.png'));
  await picture.resize(SIDE, SIDE + 1, { fit: 'fill' }).toFile(join(set, '00000001.png'));
  await fails('COMPLETIONS_MISMATCH', /00000001\.png has 32x33 pixels, not 32x32/);
  await writeFile(join(set, '00000001.png'), 'no picture');
  await fails('IMAGE_UNSUPPORTED', /00000001\.png/);
  await rename(set, join(row, 'ratio-0.7'));
  // With one condition the folder itself may be that of the completions.
  await fails('COMPLETIONS_MISMATCH', /3 of 3 completions are missing/, [`other=${place.images}`]);
  const several = { to, ratios: [0.25, 0.5], rows: [`other=${row}`] };
  const message = /row has none of the folders ratio-0\.25, ratio-0\.5/;
  await t.throwsAsync(evaluated(place, several), { code: 'COMPLETIONS_MISMATCH', message });
  await fails('INPUT_NOT_FOUND', /nowhere is no folder/, [`other=${join(row, 'nowhere')}`]);
  t.false((await readdir(to)).includes('completions'));
  for (const text of ['row', '=row', 'a/b=row', '../x=row', 'x=', '.=row']) {
    t.throws(() => parseRows([text]), { code: 'USAGE' }, text);
  }
  t.throws(() => parseRows(['a=x', 'a=y']), { code: 'USAGE', message: /two rows/ });
  t.deepEqual([...parseRows(['SD 1.5 (inpaint)=a=b'])], [['SD 1.5 (inpaint)', 'a=b']]);
});

test('without prompts a row is as many pictures, under any names', async (t) => {
  const place = await evaluationPlace(t, { pictures: 3 });
  const row = join(place.folder, 'row');
  await mkdir(row);
  for (const name of ['x.png', 'y.png', 'z.png']) {
    const image = sharp(join(place.images, 'class-0', '00.png'));
    await image.resize(SIDE, SIDE, { fit: 'fill' }).toFile(join(row, name));
  }
  const to = join(place.folder, 'out');
  const options = { to, ratios: [], unconditional: true, seeds: 1, rows: [`other=${row}`] };
  const { table } = await evaluated(place, options);
  t.is(table.rows[1].counts.unconditional.pictures, 3);
  await rm(join(row, 'y.png'));
  const message = /holds 2 pictures; 3 are compared/;
  await t.throwsAsync(evaluated(place, options), { code: 'COMPLETIONS_MISMATCH', message });
});
