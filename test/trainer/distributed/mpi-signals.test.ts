import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { holdersOf } from '../../../base/lock/holders.ts';
import { readSeries } from '../../../trainer/report/series.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { makeSmallDataset, SETTINGS, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool } from '../../helpers/tools.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');
const SET = ['train.steps=1000000', 'train.saveEvery=0', 'train.globalBatch=4'];

/** One after the other: ranks that train at the same time as others starve them. */
const [withRanks, skipped] = hasTool('mpirun')
  ? ([test.serial, ''] as const)
  : ([test.serial.skip, ' (skipped: mpirun is not installed)'] as const);

/** Two ranks that train and would not end by themselves; `pid` is rank 0's, who locks the run. */
async function startTwo(t: ExecutionContext) {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const out = join(folder, 'run');
  const settings = [...SETTINGS, ...SET].flatMap((setting) => ['--set', setting]);
  const ranks = mpirun(2, [TRAINER, 'fit', '--data', data, '--out', out, ...settings]);
  let isOver = false;
  ranks.finally(() => {
    isOver = true;
  });
  while (!isOver && (await stepsOf(out)) < 3) await setTimeout(20);
  const [{ pid }] = await holdersOf(join(out, '.lock'));
  return { data, out, ranks, pid };
}

async function stepsOf(out: string): Promise<number> {
  const text = await readFile(join(out, 'metrics.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

withRanks(`SIGINT to one rank: both save the same step and end with 130${skipped}`, async (t) => {
  const { out, ranks, pid } = await startTwo(t);
  process.kill(pid, 'SIGINT');
  const { exitCode, stderr } = await ranks;
  t.is(exitCode, 130, stderr);
  const steps = (await readSeries(out)).train.length;
  const names = await readdir(join(out, 'checkpoints'));
  t.deepEqual(names, [`step-${String(steps).padStart(8, '0')}`]);
  t.false((await readdir(out)).includes('.lock'));
});

withRanks(
  `a rank that is killed ends the other with a message; the run goes on by --resume${skipped}`,
  async (t) => {
    const { data, out, ranks, pid } = await startTwo(t);
    process.kill(pid, 'SIGKILL');
    const { exitCode, stderr } = await ranks;
    t.not(exitCode, 0);
    t.regex(stderr, /rank 0.*(signal 9|Killed)/s);
    // Nothing was saved, and the lock is a dead one's.
    const [{ step }] = await smallFit({
      data,
      out,
      set: ['train.steps=2', 'train.globalBatch=4'],
      resume: true,
    });
    t.is(step, 2);
  },
);
