import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parseSource } from '../../../trainer/fit/training-data.ts';
import { readSeries } from '../../../trainer/report/series.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { checkpoint, run } from '../../helpers/workplace.ts';

/** Two datasets, of which the first gives three of four sequences. */
async function twoDatasets(folder: string) {
  const first = await makeSmallDataset(folder, { name: 'first' });
  const second = await makeSmallDataset(folder, { name: 'second', from: 100 });
  return [
    { dir: first, weight: 0.3 },
    { dir: second, weight: 0.1 },
  ];
}

const SET = ['train.steps=8', 'train.saveEvery=0', 'train.evalEvery=4', 'train.globalBatch=4'];

test.serial(
  'a mixture: its shares, and the same whether stopped, resumed or of two ranks',
  async (t) => {
    t.timeout(170_000);
    const folder = await temporaryFolder(t);
    const data = await twoDatasets(folder);
    const straight = join(folder, 'straight');
    await smallFit({ data, out: straight, set: SET });
    const state = JSON.parse(await readFile(join(checkpoint(straight, 8), 'state.json'), 'utf8'));
    t.deepEqual(state.loader.taken, [24, 8]);

    const halves = join(folder, 'halves');
    const stop = new AbortController();
    const log = (line: string) => line.startsWith('step 4:') && stop.abort(143);
    await smallFit({ data, out: halves, set: SET, log, signal: stop.signal });
    await smallFit({ data, out: halves, set: SET, resume: true });
    const names = await readdir(checkpoint(straight, 8));
    for (const name of names) {
      const [a, b] = await Promise.all(
        [straight, halves].map((out) => readFile(join(checkpoint(out, 8), name))),
      );
      t.true(a.equals(b), name);
    }
    const ranks = join(folder, 'ranks');
    await smallFit({ data, out: ranks, ranks: 2, set: SET });
    const [one, two] = [await readSeries(straight), await readSeries(ranks)];
    for (const split of ['train', 'val'] as const) {
      t.is(two[split].length, one[split].length);
      for (const [i, { tokens, loss }] of one[split].entries()) {
        t.is(two[split][i].tokens, tokens);
        t.true(Math.abs(two[split][i].loss / loss - 1) < 1e-5);
      }
    }
    // Both val splits are read.
    const alone = join(folder, 'alone');
    await smallFit({
      data: data[0].dir,
      out: alone,
      set: [...SET, 'train.steps=1', 'train.evalBatches=0'],
    });
    const all = join(folder, 'all');
    await smallFit({ data, out: all, set: [...SET, 'train.steps=1', 'train.evalBatches=0'] });
    t.is((await readSeries(all)).val[0].tokens, 2 * (await readSeries(alone)).val[0].tokens);
  },
);

test.serial('a run is resumed with its datasets, in their order; weights may change', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await twoDatasets(folder);
  const out = join(folder, 'run');
  await smallFit({ data, out, set: ['train.steps=2'] });
  const set = ['train.steps=4'];
  const other = {
    dir: await makeSmallDataset(folder, { name: 'other', partitionSize: 1, isVal: () => false }),
    weight: 1,
  };
  for (const [datasets, message] of [
    [[data[0]], /1 dataset\(s\) were given, but the run that is resumed had 2/],
    [[data[0], other], /the datasets have [\d,]+ rows, but those of the run/],
    [[...data, other], /the datasets have/],
  ] as const) {
    await t.throwsAsync(smallFit({ data: [...datasets], out, set, resume: true }), {
      code: 'CONFIG_INVALID',
      message,
    });
  }
  const [{ step }] = await smallFit({
    data: data.map(({ dir }) => ({ dir, weight: 1 })),
    out,
    set,
    resume: true,
  });
  t.is(step, 4);
  const single = join(folder, 'single');
  await smallFit({ data: data[0].dir, out: single, set: ['train.steps=2'] });
  await t.throwsAsync(smallFit({ data, out: single, set, resume: true }), {
    message: /2 dataset\(s\) were given, but the run that is resumed had 1/,
  });
});

test.serial(
  'datasets that cannot be mixed are refused in one line, and nothing is written',
  async (t) => {
    const folder = await temporaryFolder(t);
    const first = await makeSmallDataset(folder, { name: 'first' });
    const tokens = await makeSmallDataset(folder, {
      name: 'tokens',
      tokenizerHash: 'b'.repeat(64),
    });
    const rows = await makeSmallDataset(folder, { name: 'rows', seqLen: 32 });
    const out = join(folder, 'run');
    for (const [data, message] of [
      [[first, tokens], /tokens does not have the tokenizer of .*first.*DATASET_MISMATCH/],
      [
        [first, rows],
        /rows has rows of 32 tokens, .*first has rows of 16 .*train.seqLen=16.*DATASET_MISMATCH/,
      ],
      [[`${first}=0`, rows], /first=0: the weight must be a number above 0.*USAGE/],
      [[first, join(folder, 'none')], /none.*INPUT_NOT_FOUND/],
    ] as const) {
      const ended = await run('trainer', [
        'fit',
        ...data.flatMap((dir) => ['--data', dir]),
        '--out',
        out,
      ]);
      t.is(ended.exitCode, 2, ended.stderr);
      t.regex(ended.stderr, message);
      t.is(ended.stderr.split('\n').length, 1);
    }
    t.deepEqual((await readdir(folder)).sort(), ['first', 'rows', 'tokens']);
    const data = [first, rows].map((dir) => ({ dir, weight: 1 }));
    const [{ step }] = await smallFit({ data, out, set: ['train.steps=2', 'train.seqLen=16'] });
    t.is(step, 2);
  },
);

test('--data DIR=WEIGHT; a folder of such a name is meant where there is one', async (t) => {
  t.deepEqual(parseSource('a/b'), { dir: 'a/b', weight: 1 });
  t.deepEqual(parseSource('a=b=0.25'), { dir: 'a=b', weight: 0.25 });
  t.deepEqual(parseSource('a=3e-2'), { dir: 'a', weight: 0.03 });
  t.deepEqual(parseSource('a=best'), { dir: 'a=best', weight: 1 });
  const odd = await makeSmallDataset(await temporaryFolder(t), { name: 'lr=3' });
  t.deepEqual(parseSource(odd), { dir: odd, weight: 1 });
  t.throws(() => parseSource('a=0'), { code: 'USAGE' });
  t.throws(() => parseSource('a=1.2.3'), { code: 'USAGE' });
});
