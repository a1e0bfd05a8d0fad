/** A run continues: it knows its data, and prints the command when it is stopped. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { mayMount, mount } from '../../helpers/mounts.ts';
import { testIf } from '../../helpers/tools.ts';
import { makeWorkplace, run, SMALL, type Workplace } from '../../helpers/workplace.ts';

let place: Workplace;
test.before(async (t) => {
  t.timeout(170_000);
  place = await makeWorkplace();
});
test.after.always(() => place?.remove());

const fit = (out: string, ...more: string[]) =>
  run('trainer', ['fit', '--data', place.data, '--out', out, ...SMALL, ...more]);
const resume = (out: string, ...more: string[]) =>
  run('trainer', ['fit', '--resume', '--out', out, ...more]);
const steps = (count: number) => ['--set', `train.steps=${count}`];

test.serial(
  '--resume takes configuration and data from the run, wherever it is called',
  async (t) => {
    const out = join(place.folder, 'knows');
    t.is((await fit(out, ...steps(2))).exitCode, 0);
    t.deepEqual(JSON.parse(await readFile(join(out, 'data.json'), 'utf8')), {
      formatVersion: 1,
      datasets: [{ dir: place.data, weight: 1 }],
    });
    const trainer = join(process.cwd(), 'bin/trainer.js');
    const args = ['fit', '--resume', '--out', 'knows', ...steps(3)];
    const elsewhere = await execa('node', [trainer, ...args], { cwd: place.folder, reject: false });
    t.is(elsewhere.exitCode, 0, elsewhere.stderr);
    t.regex(elsewhere.stderr, /resuming .*step-00000002/);
    t.true(existsSync(join(out, 'checkpoints/step-00000003')));

    // A run of version 0.1 has no such file; being told once is enough.
    await rm(join(out, 'data.json'));
    const untold = await resume(out, ...steps(4));
    t.is(untold.exitCode, 2);
    t.regex(untold.stderr, /--data is required: .*knows does not name its dataset.*\[USAGE\]$/);
    t.is((await resume(out, '--data', place.data, ...steps(4))).exitCode, 0);
    t.is((await resume(out, ...steps(5))).exitCode, 0);

    const moved = `${place.data}-moved`;
    await rename(place.data, moved);
    const gone = await resume(out, ...steps(6));
    t.is(gone.exitCode, 2);
    t.regex(
      gone.stderr,
      /data, which .*knows is trained on, is gone \(name .* as --data\) \[INPUT_NOT/,
    );
    const told = await resume(out, '--data', moved, ...steps(6));
    await rename(moved, place.data);
    t.is(told.exitCode, 0, told.stderr);
  },
);

test.serial('without a run there is nothing to take the data from', async (t) => {
  const wrong = await resume(join(place.folder, 'none'));
  t.is(wrong.exitCode, 2);
  t.regex(wrong.stderr, /--data is required: there is no run in .*none to go on with.*\[USAGE\]$/);
});

test.serial('Ctrl-C: the last line is the command that goes on', async (t) => {
  const out = join(place.folder, 'stopped run');
  const child = fit(out, ...steps(100_000));
  child.stderr.on('data', (data) => {
    if (/loss/.test(String(data))) child.kill('SIGINT');
  });
  const stopped = await child;
  t.is(stopped.exitCode, 130, stopped.stderr);
  const [, step, shown] = /stopped after step (\d+); go on with: (.*)$/m.exec(stopped.stderr) ?? [];
  t.is(shown, `trainer fit --resume --out '${out}'`);
  const line = `${shown.replace(/^trainer/, 'node bin/trainer.js')} --set train.steps=${Number(step) + 1}`;
  const again = await execa({ shell: true, reject: false })`${line}`;
  t.is(again.exitCode, 0, again.stderr);
  t.regex(again.stderr, new RegExp(`resuming .*step-0*${step}$`, 'm'));
});

testIf(
  mayMount(),
  'this user may not mount a file system',
  'a full disk: the message has the command that goes on',
  async (t) => {
    const disk = join(place.folder, 'disk');
    await mkdir(disk);
    mount(t, disk, 'size=600k');
    const out = join(disk, 'run');
    const full = await fit(out, ...steps(2));
    t.is(full.exitCode, 1, full.stderr);
    t.true(
      full.stderr.includes(`(free some space and run: trainer fit --resume --out ${out})`),
      full.stderr,
    );
    t.regex(full.stderr, /\[DISK_FULL\]$/);
    t.is(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status, 0);
    t.is((await resume(out)).exitCode, 0);
  },
);
