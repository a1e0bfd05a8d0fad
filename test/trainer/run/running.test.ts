import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { readSeries } from '../../../trainer/report/series.ts';
import { listCheckpoints, pruneCheckpoints } from '../../../trainer/run/directory.ts';
import { lockRun } from '../../../trainer/run/lock.ts';
import { leaveHolder } from '../../helpers/lock-holders.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { checkpoint } from '../../helpers/workplace.ts';

const DIES = join(import.meta.dirname, 'dies-saving.ts');

test.serial('20 steps straight and 10 + 10 give the same losses and the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const [straight, halves] = ['straight', 'halves'].map((name) => join(folder, name));
  const set = [
    ...['train.steps=20', 'train.saveEvery=0'],
    ...['train.evalEvery=5', 'train.gradAccumulation=2'],
  ];
  await smallFit({ data, out: straight, set });
  // The schedule of the whole run stands from the beginning: the first half is stopped.
  const stop = new AbortController();
  const log = (line: string) => line.startsWith('step 10:') && stop.abort(143);
  const [half] = await smallFit({ data, out: halves, set, log, signal: stop.signal });
  t.like(half, { step: 10, interrupted: true, exitCode: 143 });
  const [whole] = await smallFit({ data, out: halves, set, resume: true });
  t.like(whole, { step: 20, interrupted: false, exitCode: 0 });
  t.deepEqual(await numerics(halves), await numerics(straight));
  await sameFiles(t, checkpoint(halves, 20), checkpoint(straight, 20));
});

for (const [when, file] of [
  ['while its optimizer is written', 'optimizer.safetensors'],
  ['when only its name is missing', 'step-00000004'],
]) {
  test.serial(`a run killed in a save, ${when}, goes on from the checkpoint before`, async (t) => {
    t.timeout(170_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const [straight, killed] = ['straight', 'killed'].map((name) => join(folder, name));
    const set = ['train.steps=6', 'train.saveEvery=2'];
    await smallFit({ data, out: straight, set });
    const args = ['--import=tsx', DIES, data, killed, '4', file];
    const { signal, stderr } = await execa('node', args, { reject: false });
    t.is(signal, 'SIGKILL', stderr);
    const left = (await readdir(join(killed, 'checkpoints'))).sort();
    t.is(left.length, 2);
    t.is(left[0], 'step-00000002');
    t.regex(left[1], /^step-00000004\.tmp-\d+$/);
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    await smallFit({ data, out: killed, set, resume: true, log });
    t.is(lines[0], `resuming ${checkpoint(killed, 2)}`);
    const checkpoints = await readdir(join(killed, 'checkpoints'));
    t.deepEqual(checkpoints.sort(), ['step-00000002', 'step-00000004', 'step-00000006']);
    t.deepEqual(await numerics(killed), await numerics(straight));
    await sameFiles(t, checkpoint(killed, 6), checkpoint(straight, 6));
  });
}

test('a run has one writer; what a dead one left is taken over', async (t) => {
  const run = await temporaryFolder(t);
  const lock = await lockRun(run);
  await t.throwsAsync(lockRun(run), {
    code: 'OUTPUT_IN_USE',
    message: new RegExp(`process ${process.pid} on `),
  });
  await lock.release();
  t.deepEqual(await readdir(run), []);
  const path = join(run, '.lock');
  // A process of this machine that is no more: a pid above the largest there can be.
  await leaveHolder(path, { pid: 2 ** 30 });
  await (await lockRun(run)).release();
  t.deepEqual(await readdir(run), []);
  // One of another machine is believed to live until it has been silent for long.
  await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere.invalid' }));
  await t.throwsAsync(lockRun(run), { message: /process 1 on elsewhere.invalid/ });
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(path, longAgo, longAgo);
  await (await lockRun(run)).release();
});

test.serial('a second fit into a run that is being written is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const out = join(folder, 'run');
  await smallFit({ data, out, set: ['train.steps=1'] });
  const lock = await lockRun(out);
  await t.throwsAsync(smallFit({ data, out, set: ['train.steps=2'], resume: true }), {
    code: 'OUTPUT_IN_USE',
  });
  await lock.release();
  const [{ step }] = await smallFit({ data, out, set: ['train.steps=2'], resume: true });
  t.is(step, 2);
});

test('the newest checkpoints are kept, and one of every so many steps', async (t) => {
  const run = await temporaryFolder(t);
  for (const step of [10, 20, 30, 40, 50, 60]) {
    await mkdir(checkpoint(run, step), { recursive: true });
  }
  const steps = async () => (await listCheckpoints(run)).map(({ step }) => step);
  await pruneCheckpoints(run, { keepLast: 0, keepEvery: 0 });
  t.is((await steps()).length, 6);
  await pruneCheckpoints(run, { keepLast: 2, keepEvery: 20 });
  t.deepEqual(await steps(), [20, 40, 50, 60]);
  await pruneCheckpoints(run, { keepLast: 1, keepEvery: 0 });
  t.deepEqual(await steps(), [60]);
});

/** The parts that two runs must have in common: all but times and memory. */
async function numerics(run: string) {
  const { train, val } = await readSeries(run);
  const steps = train.map(({ step, loss, gradNorm, lr, tokensSeen, epoch }) => ({
    step,
    loss,
    gradNorm,
    lr,
    tokensSeen,
    epoch,
  }));
  return { steps, val };
}

async function sameFiles(t: ExecutionContext, a: string, b: string): Promise<void> {
  const names = (await readdir(b)).sort();
  t.true(names.includes('optimizer.safetensors') && names.includes('model.safetensors'));
  t.deepEqual((await readdir(a)).sort(), names);
  for (const name of names) {
    const [mine, theirs] = await Promise.all([a, b].map((folder) => readFile(join(folder, name))));
    t.true(mine.equals(theirs), name);
  }
}
