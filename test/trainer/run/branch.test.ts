import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { fit } from '../../../trainer/fit/fit.ts';
import { readSeries } from '../../../trainer/report/series.ts';
import { listCheckpoints } from '../../../trainer/run/directory.ts';
import { makeSmallDataset, SETTINGS } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { checkpoint } from '../../helpers/workplace.ts';

const WSD = [
  ...SETTINGS,
  ...['optim.schedule=wsd', 'optim.decaySteps=4', 'train.saveEvery=0', 'train.keepLast=1'],
];

test('a run branched off before the decay is the longer run from the beginning', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const [short, long, straight] = ['short', 'long', 'straight'].map((name) => join(folder, name));
  await fit({ data, out: short, set: [...WSD, 'train.steps=12'] });
  t.deepEqual(
    (await listCheckpoints(short)).map(({ step }) => step),
    [8, 12],
    'the checkpoint before the decay is kept beside the newest one',
  );

  const more = ['train.steps=20'];
  await t.throwsAsync(fit({ out: short, resume: true, set: more }), {
    code: 'CONFIG_INVALID',
    message: /falling since step 8; with train.steps 20 it would jump back at step 12/,
  });

  await fit({ branch: checkpoint(short, 8), out: long, set: more });
  await fit({ data, out: straight, set: [...WSD, ...more] });
  const [branched, whole] = [(await readSeries(long)).train, (await readSeries(straight)).train];
  t.deepEqual(
    branched.map(({ step, loss, lr }) => [step, loss, lr]),
    whole.map(({ step, loss, lr }) => [step, loss, lr]),
  );
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'state.json']) {
    const [a, b] = await Promise.all(
      [long, straight].map((run) => readFile(join(checkpoint(run, 20), file))),
    );
    t.true(a.equals(b), file);
  }
});

test('a branch that cannot be is refused before anything is written', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const run = join(folder, 'run');
  await fit({ data, out: run, set: [...WSD, 'train.steps=9'] });
  const branch = checkpoint(run, 9);
  const out = join(folder, 'out');
  await t.throwsAsync(fit({ branch: checkpoint(run, 4), out }), {
    code: 'INPUT_NOT_FOUND',
    message: /step-00000004 is no checkpoint of a run/,
  });
  await t.throwsAsync(fit({ branch, out, preset: 'tiny' }), { code: 'USAGE', message: /preset/ });
  await t.throwsAsync(fit({ branch, out, set: ['model.layers=2'] }), {
    code: 'CONFIG_INVALID',
    message: /model.layers is 2/,
  });
  await t.throwsAsync(fit({ branch, out: run }), { code: 'OUTPUT_IN_USE' });
  t.deepEqual(await listCheckpoints(out), []);
});
