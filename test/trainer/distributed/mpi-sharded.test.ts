/** ZeRO-3 over MPI: the runs of whole weights, the same bytes after a stop, and what goes wrong. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { mayMount, mount } from '../../helpers/mounts.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { makeSmallDataset, SETTINGS, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool, testLong } from '../../helpers/tools.ts';
import { checkpoint } from '../../helpers/workplace.ts';
import { sameSeries, sameTensors } from './same-runs.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');
const DIES = join(import.meta.dirname, 'dies-sharded.ts');

/** One after the other: ranks that train at the same time as others starve them. */
const serial = (title: string, body: (t: ExecutionContext) => Promise<void>) => {
  if (hasTool('mpirun')) test.serial(title, body);
  else test.serial.skip(`${title} (skipped: mpirun is not installed)`, body);
};

/** The same sequences in every step, whatever the ranks. */
const BATCH = ['train.globalBatch=24', 'model.layers=2', 'train.saveEvery=0'];

async function train(
  t: ExecutionContext,
  ranks: number,
  run: { data: string; out: string },
  set: string[],
  ...more: string[]
): Promise<void> {
  // Two micro batches a step in each rank.
  const batches = [...BATCH, `train.microBatch=${12 / ranks}`];
  const settings = [...SETTINGS, ...batches, ...set].flatMap((setting) => ['--set', setting]);
  const args = [TRAINER, 'fit', '--data', run.data, '--out', run.out, ...settings, ...more];
  const done = await mpirun(ranks, args, {}, ['mpirun', 'node'], 900_000);
  t.is(done.exitCode, 0, done.stderr);
}

async function sameBytes(t: ExecutionContext, a: string, b: string): Promise<void> {
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'state.json']) {
    t.deepEqual(await readFile(join(a, file)), await readFile(join(b, file)), file);
  }
}

/** Stops in the middle and goes on; then on other ranks and without sharding. */
async function stopAndGoOn(t: ExecutionContext, steps: number): Promise<void> {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const [straight, parted] = ['straight', 'parted'].map((name) => ({
    data,
    out: join(folder, name),
  }));
  const set = (steps: number) => ['optim.zero=3', 'optim.minLr=0.01', `train.steps=${steps}`];
  await train(t, 2, straight, set(steps));
  await train(t, 2, parted, set(steps / 2));
  await train(t, 2, parted, set(steps), '--resume');
  await sameBytes(t, checkpoint(parted.out, steps), checkpoint(straight.out, steps));
}

serial(
  'two ranks: the losses of whole weights to 1e-6, and the same bytes after a stop',
  async (t) => {
    t.timeout(300_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const [whole, sharded] = ['whole', 'sharded'].map((name) => ({
      data,
      out: join(folder, name),
    }));
    await train(t, 2, whole, ['train.steps=3']);
    await train(t, 2, sharded, ['train.steps=3', 'optim.zero=3']);
    await sameSeries(t, sharded.out, whole.out, 1e-6);
    await stopAndGoOn(t, 4);
  },
);

serial('a rank that fails in a collective ends the others, with a message', async (t) => {
  t.timeout(300_000);
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  for (const [how, message] of [
    ['throws', /rank 1 of 2.*rank one is broken/],
    ['is-killed', /rank 1 .*exited on signal 9|KILLED BY SIGNAL: 9/i],
    ['hangs', /rank 0 (of 2: rank 0 )?waited 3 s for the other 1 in/],
  ] as const) {
    const out = join(folder, how);
    const ended = await mpirun(2, ['--import=tsx', DIES, data, out, how]);
    t.not(ended.exitCode, 0, how);
    t.regex(ended.stderr, message);
    t.deepEqual(await readdir(join(out, 'checkpoints')), ['step-00000001'], how);
  }
});

serial('a full disk while shards are saved spoils nothing', async (t) => {
  if (!mayMount()) return void t.pass('this user may not mount a file system');
  t.timeout(300_000);
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  // The first checkpoint fits, the second does not.
  mount(t, disk, 'size=256k');
  const out = join(disk, 'run');
  const set = [...SETTINGS, ...BATCH, 'optim.zero=3', 'train.saveEvery=1', 'train.keepLast=0'];
  const settings = [...set, 'train.steps=50'].flatMap((setting) => ['--set', setting]);
  const full = await mpirun(2, [TRAINER, 'fit', '--data', data, '--out', out, ...settings]);
  t.not(full.exitCode, 0);
  t.regex(full.stderr, /rank 0 of 2: .*DISK_FULL/s);
  const left = await readdir(join(out, 'checkpoints'));
  t.true(left.length > 0 && left.every((name) => /^step-\d+$/.test(name)), left.join());
  const last = Math.max(...left.map((name) => Number(name.slice(5))));
  const steps = [`train.steps=${last + 1}`, 'train.keepLast=1', 'train.globalBatch=24'];
  // It goes on from there, elsewhere and whole.
  t.true(existsSync(join(checkpoint(out, last), 'state.json')));
  t.deepEqual(await readdir(disk), ['run']);
  const again = await mpirun(1, [
    ...[TRAINER, 'fit', '--resume', '--data', data, '--out', out],
    ...[...SETTINGS, ...BATCH, ...steps, 'train.saveEvery=1'].flatMap((one) => ['--set', one]),
  ]);
  t.regex(again.stderr, new RegExp(`resuming .*step-0*${last}$`, 'm'));
});

testLong(
  'losses of 50 steps on 1, 2 and 4 ranks, 20 steps = 10 + 10, other ranks and stages',
  async (t) => {
    if (!hasTool('mpirun')) return t.fail('mpirun is not installed');
    t.timeout(1_800_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    for (const ranks of [1, 2, 4]) {
      const [whole, sharded] = [0, 3].map((zero) => ({
        data,
        out: join(folder, `${ranks}-${zero}`),
      }));
      await train(t, ranks, whole, ['train.steps=50', 'optim.zero=0']);
      await train(t, ranks, sharded, ['train.steps=50', 'optim.zero=3']);
      const loss = await sameSeries(t, sharded.out, whole.out, 1e-6);
      const weights = await sameTensors(
        t,
        checkpoint(sharded.out, 50),
        checkpoint(whole.out, 50),
        1e-4,
      );
      t.log(`${ranks} rank(s): off by ${loss} (losses), ${weights} (weights and moments) at most`);
    }
    await stopAndGoOn(t, 20);
    const changing = { data, out: join(folder, 'changing') };
    const straight = { data, out: join(folder, 'straight') };
    const steps = (count: number) => [`train.steps=${count}`, 'optim.minLr=0.01'];
    await smallFit({ ...straight, set: [...BATCH, ...steps(15)] });
    await train(t, 4, changing, [...steps(5), 'optim.zero=3']);
    await train(t, 1, changing, [...steps(10), 'optim.zero=0'], '--resume');
    await train(t, 3, changing, [...steps(15), 'optim.zero=3'], '--resume');
    await sameSeries(t, changing.out, straight.out, 1e-5);
    await sameTensors(t, checkpoint(changing.out, 15), checkpoint(straight.out, 15), 1e-4);
  },
);
