import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readSeries } from '../../../trainer/report/series.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { checkpoint } from '../../helpers/workplace.ts';
import { sameSeries, sameTensors } from './same-runs.ts';

/** The same sequences in every step, whatever the ranks: 12 = 2 x 6 = 2 x 3 x 2 = 2 x 2 x 3. */
const BATCH = 'train.globalBatch=12';

test.serial(
  'two ranks, plain and with ZeRO-1, equal one rank with twice the micro batches: losses of 50 steps and the weights',
  async (t) => {
    t.timeout(170_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const set = [
      'train.steps=50',
      'train.evalEvery=25',
      'train.saveEvery=0',
      'train.microBatch=6',
      BATCH,
    ];
    const run = async (name: string, ranks: number, ...more: string[]) => {
      const out = join(folder, name);
      const results = await smallFit({ data, out, ranks, set: [...set, ...more] });
      t.deepEqual(
        new Set(results.map(({ loss }) => loss)).size,
        1,
        'every rank sees the same loss',
      );
      return out;
    };
    const one = await run('one', 1);
    for (const other of [await run('two', 2), await run('zero', 2, 'optim.zero=1')]) {
      await sameSeries(t, other, one, 1e-5);
      await sameTensors(t, checkpoint(other, 50), checkpoint(one, 50), 1e-4);
    }
  },
);

test.serial(
  'saved by two ranks with ZeRO-1, resumed by one, then by three: as if by one',
  async (t) => {
    t.timeout(170_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const set = (steps: number) => [`train.steps=${steps}`, 'optim.minLr=0.01', BATCH];
    const straight = join(folder, 'straight');
    await smallFit({ data, out: straight, set: set(15) });
    const out = join(folder, 'changing');
    await smallFit({ data, out, ranks: 2, set: [...set(5), 'optim.zero=1'] });
    await smallFit({ data, out, ranks: 1, set: set(10), resume: true });
    await smallFit({ data, out, ranks: 3, set: [...set(15), 'optim.zero=1'], resume: true });
    await sameSeries(t, out, straight, 1e-5);
    await sameTensors(t, checkpoint(out, 15), checkpoint(straight, 15), 1e-4);
    const state = (run: string) => readFile(join(checkpoint(run, 15), 'state.json'), 'utf8');
    t.is(await state(out), await state(straight));
  },
);

test.serial(
  'a batch that the ranks cannot share is refused before anything is written',
  async (t) => {
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const out = join(folder, 'out');
    const set = ['train.globalBatch=10'];
    await t.throwsAsync(smallFit({ data, out, ranks: 1, set: [...set, 'train.microBatch=4'] }), {
      message: /globalBatch 10 is not a multiple of train.microBatch 4 on 1 rank/,
    });
    t.deepEqual(await readdir(folder), ['data']);
  },
);

test.serial('a stop told to one rank stops all at the same step, with its exit code', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const out = join(folder, 'out');
  const stop = new AbortController();
  const set = ['train.steps=1000', 'train.evalEvery=1', 'train.saveEvery=0'];
  const log = (line: string) => {
    if (line.startsWith('step 3:')) stop.abort(143);
  };
  const results = await smallFit({
    data,
    out,
    ranks: 2,
    set,
    log,
    signals: [undefined, stop.signal],
  });
  for (const result of results) t.like(result, { interrupted: true, exitCode: 143 });
  t.deepEqual(new Set(results.map(({ step }) => step)), new Set([results[0].step]));
  t.deepEqual(await readdir(join(out, 'checkpoints')), [
    `step-${String(results[0].step).padStart(8, '0')}`,
  ]);
});

test.serial(
  'a stop in the middle of an evaluation: it is left, and the step is saved',
  async (t) => {
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const out = join(folder, 'out');
    // Asked before the first step, and then before each batch of the evaluation behind it.
    let asked = 0;
    const signal = {
      get aborted() {
        return ++asked > 3;
      },
      reason: 143,
    } as unknown as AbortSignal;
    const set = ['train.steps=9', 'train.evalEvery=1', 'train.evalBatches=0', 'train.microBatch=1'];
    const results = await smallFit({ data, out, ranks: 2, set, signals: [undefined, signal] });
    for (const result of results) t.like(result, { step: 1, interrupted: true, exitCode: 143 });
    const { train, val } = await readSeries(out);
    t.deepEqual([train.length, val.length], [1, 0]);
    t.deepEqual(await readdir(join(out, 'checkpoints')), ['step-00000001']);
  },
);
