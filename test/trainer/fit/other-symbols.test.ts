/** Datasets of one alphabet whose symbols were made by another VQ model, or are other colours. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

type Settings = Record<string, string | number>;

const vq = (model: string): Settings => ({
  size: 32,
  side: 4,
  codes: 256,
  model: model.repeat(64),
});
const pixels = (clusters: string): Settings => ({ size: 4, colours: 256, clusters });

const CASES: [name: string, one: Settings, other: Settings, setting: string][] = [
  ['vq', vq('a'), vq('b'), 'model'],
  ['pixels', pixels('AAAA'), pixels('BBBB'), 'clusters'],
];

for (const [name, one, other, setting] of CASES) {
  test(`${name}: another ${setting} is neither mixed nor resumed with`, async (t) => {
    const folder = await temporaryFolder(t);
    const make = (to: string, settings: Settings) =>
      makeSmallDataset(folder, { name: to, codec: { name, settings, versions: {} } });
    const [first, second] = [await make('first', one), await make('second', other)];
    const same = await make('same', one);
    const mixed = (...all: string[]) => all.map((dir) => ({ dir, weight: 1 }));
    const out = join(folder, 'run');
    await t.throwsAsync(smallFit({ data: mixed(first, second), out, set: ['train.steps=1'] }), {
      code: 'DATASET_MISMATCH',
      message: new RegExp(`second was made with another ${setting} than .*first`),
    });
    t.false((await readdir(folder)).includes('run'));
    await smallFit({ data: mixed(first, same), out: join(folder, 'both'), set: ['train.steps=1'] });

    await smallFit({ data: first, out, set: ['train.steps=1'] });
    const on = { out, set: ['train.steps=2'], resume: true };
    await t.throwsAsync(smallFit({ data: second, ...on }), {
      code: 'DATASET_MISMATCH',
      message: new RegExp(`the dataset has another ${setting} than the one that .*run was trained`),
    });
    const [{ step }] = await smallFit({ data: same, ...on });
    t.is(step, 2);
  });
}

test('a run of one codec is not resumed with a dataset of another', async (t) => {
  const folder = await temporaryFolder(t);
  const make = (name: string, settings: Settings) =>
    makeSmallDataset(folder, { name, codec: { name, settings, versions: {} } });
  const [first, second] = [await make('vq', vq('a')), await make('pixels', pixels('AAAA'))];
  const out = join(folder, 'run');
  await smallFit({ data: first, out, set: ['train.steps=1'] });
  await t.throwsAsync(smallFit({ data: second, out, set: ['train.steps=2'], resume: true }), {
    code: 'DATASET_MISMATCH',
    message: /the dataset has another codec than the one that .*run was trained on/,
  });
});
