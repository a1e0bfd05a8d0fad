import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readSeries } from '../../../trainer/report/series.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { makeSmallDataset, SETTINGS, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool, testLong, testWith } from '../../helpers/tools.ts';
import { checkpoint } from '../../helpers/workplace.ts';
import { sameSeries, sameTensors } from './same-runs.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');

function train(data: string, out: string, set: string[], ...more: string[]) {
  const settings = [...SETTINGS, ...set].flatMap((setting) => ['--set', setting]);
  return mpirun(2, [TRAINER, 'fit', '--data', data, '--out', out, ...settings, ...more]);
}

testWith('mpirun', 'two ranks train one run; a rank that fails ends the other', async (t) => {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const out = join(folder, 'run');
  const done = await train(data, out, ['train.steps=4', 'optim.zero=1']);
  t.is(done.exitCode, 0, done.stderr);
  t.is(done.stdout, join(out, 'checkpoints', 'step-00000004'), 'rank 0 alone prints');
  t.is(done.stderr.match(/^backend:/gm)?.length, 1);
  // Over MPI as by one rank with twice the micro batches.
  const alone = join(folder, 'alone');
  await smallFit({ data, out: alone, set: ['train.steps=4', 'train.gradAccumulation=2'] });
  const [two, one] = [(await readSeries(out)).train, (await readSeries(alone)).train];
  t.is(two.length, 4);
  for (const [i, { loss, tokens, gradNorm }] of one.entries()) {
    t.is(two[i].tokens, tokens);
    t.true(Math.abs(two[i].loss / loss - 1) < 1e-5, `loss of step ${i + 1}`);
    t.true(Math.abs(two[i].gradNorm / gradNorm - 1) < 1e-4, `norm of step ${i + 1}`);
  }

  const exploding = join(folder, 'exploding');
  const ended = await train(data, exploding, [
    'train.steps=9',
    'optim.lr=1e30',
    'optim.warmupSteps=0',
    'train.saveEvery=1',
  ]);
  t.not(ended.exitCode, 0);
  t.regex(
    ended.stderr,
    /rank \d of 2: step 2: .*last good checkpoint .*step-00000001.*NOT_FINITE/s,
  );
  t.deepEqual(await readdir(join(exploding, 'checkpoints')), ['step-00000001']);
});

testLong(
  'over MPI, plain and with ZeRO-1: losses of 50 steps and the weights are those of one rank with twice the micro batches',
  async (t) => {
    if (!hasTool('mpirun')) return t.fail('mpirun is not installed');
    t.timeout(600_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const set = ['train.steps=50', 'train.evalEvery=25', 'train.saveEvery=0'];
    const one = join(folder, 'one');
    await smallFit({ data, out: one, set: [...set, 'train.gradAccumulation=2'] });
    for (const zero of [0, 1]) {
      const out = join(folder, `zero-${zero}`);
      const done = await train(data, out, [...set, `optim.zero=${zero}`]);
      t.is(done.exitCode, 0, done.stderr);
      const loss = await sameSeries(t, out, one, 1e-5);
      const weights = await sameTensors(t, checkpoint(out, 50), checkpoint(one, 50), 1e-4);
      t.log(
        `optim.zero=${zero}: off by ${loss} (losses), ${weights} (weights and moments) at most`,
      );
    }
  },
);
