/** `trainer evaluate run`, `prompts` and `classes` as programs: ranks, stops, disks, other codecs. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import {
  type EvaluationPlace,
  evaluationPlace,
  fillPlace,
  SIDE,
  writeNetwork,
} from '../../helpers/evaluation.ts';
import { mayMount, mount } from '../../helpers/mounts.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { testIf, testLong, testWith } from '../../helpers/tools.ts';
import { run } from '../../helpers/workplace.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');
/** As ranks have it: sums of TensorFlow may depend on how many threads share them. */
const ONE_THREAD = { OMP_NUM_THREADS: '1' };

let place: EvaluationPlace;
/** The command without its folder, and one that has drawn but not measured. */
let args: string[];
let measured: string[];
/** What it ends with when nothing happens to it. */
let whole: string;
let printed: string;

test.before(async (t) => {
  place = await makePlace();
  const { checkpoint, images, folder } = place;
  args = [
    ...['evaluate', 'run', '--checkpoint', checkpoint, '--images', images],
    ...['--ratios', '0.5', '--seeds', '2'],
  ];
  measured = [...args, '--features', await writeNetwork(folder)];
  whole = join(folder, 'whole');
  const done = await run('trainer', [...measured, '--to', whole, '--json'], ONE_THREAD);
  t.is(done.exitCode, 0, String(done.stderr));
  t.regex(String(done.stderr), /note: 4 pictures were found, fewer than the 5000/);
  printed = String(done.stdout);
});
test.after.always(() => rm(place.folder, { recursive: true, force: true }));

async function makePlace(): Promise<EvaluationPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-evaluation-'));
  return fillPlace(folder, { pictures: 4 });
}

const tableIn = (to: string) => readFile(join(to, 'table.json'), 'utf8');

test('stdout has results alone; the same command again prints where they are', async (t) => {
  t.deepEqual(JSON.parse(printed), JSON.parse(await tableIn(whole)));
  const again = await run('trainer', [...measured, '--to', whole]);
  const files = ['table.json', 'table.md', 'index.html'];
  t.is(again.stdout, files.map((name) => join(whole, name)).join('\n'));
  const other = await run('trainer', [...measured, '--to', whole, '--seeds', '3']);
  t.is(other.exitCode, 2);
  t.regex(String(other.stderr), /seeds: 2 then, 3 now.*\[OUTPUT_IN_USE\]/s);
  const healed = await run('trainer', [...measured, '--to', whole, '--token-healing']);
  t.is(healed.exitCode, 2);
  t.regex(String(healed.stderr), /tokenHealing: false then, true now.*\[OUTPUT_IN_USE\]/s);
});

test('a dry run writes nothing; prompts and classes are commands too', async (t) => {
  const nowhere = join(place.folder, 'nowhere');
  const dry = await run('trainer', [...measured, '--to', nowhere, '--dry-run']);
  t.is(dry.exitCode, 0, String(dry.stderr));
  t.regex(String(dry.stdout), /^condition +completions +tokens given +tokens drawn$/m);
  t.regex(String(dry.stdout), /^H100 80GB SXM +256 +under 0\.1$/m);
  const { images, folder } = place;
  const prompts = join(folder, 'prompts');
  const written = await run('trainer', [
    ...['evaluate', 'prompts', '--images', images, '--ratio', '0.5', '--size', '32'],
    ...['--to', prompts],
  ]);
  t.is(written.stdout, `${prompts}/ratio-0.5: 4 prompts`);
  const frequencies = join(folder, 'f.csv');
  await writeFile(frequencies, 'class-0,1\nclass-1,2\n');
  const few = await run('trainer', [
    'evaluate',
    'classes',
    whole,
    whole,
    '--frequencies',
    frequencies,
  ]);
  t.is(few.exitCode, 2);
  t.regex(String(few.stderr), /2 classes can be compared.*\[PICTURES_TOO_FEW\]/s);
  t.false((await readdir(folder)).includes('nowhere'));
});

testWith('mpirun', 'two ranks end with the table of one', async (t) => {
  t.timeout(300_000);
  const many = join(place.folder, 'many');
  const together = await mpirun(2, [TRAINER, ...measured, '--to', many]);
  t.is(together.exitCode, 0, together.stderr);
  t.is(await tableIn(many), await tableIn(whole));
  t.is(together.stdout.split('\n').length, 3, 'rank 0 alone prints');
});

test('a signal stops it, and it says how to go on; another process is kept out', async (t) => {
  t.timeout(300_000);
  const to = join(place.folder, 'stopped');
  const long = [...args, '--to', to, '--seeds', '40', '--batch', '1'];
  const first = run('trainer', long);
  const drawn = join(to, 'completions/ratio-0.5/top-k-40-top-p-0.9/seed-0');
  while (!(await hasSome(drawn))) await new Promise((resolve) => setTimeout(resolve, 20));
  const second = await run('trainer', long);
  t.is(second.exitCode, 2);
  t.regex(String(second.stderr), /\[OUTPUT_IN_USE\]/);
  first.kill('SIGINT');
  const { exitCode, stderr } = await first;
  t.is(exitCode, 130, String(stderr));
  t.regex(String(stderr), /go on with: trainer evaluate run .*\[INTERRUPTED\]/s);
});

async function hasSome(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length > 0;
}

testIf(mayMount(), 'only root may mount', 'a disk that fills: what is there is kept', async (t) => {
  t.timeout(300_000);
  const disk = join(place.folder, 'disk');
  await mkdir(disk);
  mount(t, disk, 'size=100k');
  const to = join(disk, 'out');
  const stopped = await run('trainer', [...measured, '--to', to], ONE_THREAD);
  t.is(stopped.exitCode, 1, String(stopped.stderr));
  t.regex(String(stopped.stderr), /free some space and run: trainer evaluate run.*\[DISK_FULL\]/s);
  t.true((await readdir(to)).includes('plan.json'));
  await execa('mount', ['-o', 'remount,size=64m', disk]);
  const done = await run('trainer', [...measured, '--to', to], ONE_THREAD);
  t.is(done.exitCode, 0, String(done.stderr));
  t.is(await tableIn(to), await tableIn(whole));
});

test('a model of clips is refused, and it is said what is possible', async (t) => {
  const { folder, images } = place;
  const checkpoint = join(folder, 'clips');
  const settings = avcSettingsSchema.parse({ width: 64, height: 48, frames: 3 });
  await makeCheckpoint(checkpoint, { side: SIDE, codec: { name: 'avc', settings } });
  const given = ['--checkpoint', checkpoint, '--images', images, '--to', join(folder, 'clips-out')];
  const { exitCode, stderr } = await run('trainer', ['evaluate', 'run', ...given]);
  t.is(exitCode, 2);
  t.regex(String(stderr), /measures images, not clips.*trainer sample --prompt-frames.*\[USAGE\]/s);
});

testLong('killed five times at random, it ends with the same table', async (t) => {
  const { checkpoint, images, folder } = await evaluationPlace(t, { pictures: 24 });
  // Longer than the place gives, which is for short tests.
  t.timeout(1_800_000);
  const command = [
    ...['evaluate', 'run', '--checkpoint', checkpoint, '--images', images, '--half-size'],
    ...['--features', await writeNetwork(folder), '--ratios', '0.25,0.5', '--unconditional'],
  ];
  const straight = join(folder, 'straight');
  const start = performance.now();
  const first = await run('trainer', [...command, '--to', straight]);
  const fullMs = performance.now() - start;
  t.is(first.exitCode, 0, String(first.stderr));
  const to = join(folder, 'killed');
  let kills = 0;
  for (let round = 0; kills < 5 && round < 50; round++) {
    const started = run('trainer', [...command, '--to', to]);
    const timer = setTimeout(() => started.kill('SIGKILL'), 1500 + Math.random() * (fullMs / 3));
    const { signal, exitCode } = await started;
    clearTimeout(timer);
    if (signal === 'SIGKILL') kills++;
    else t.is(exitCode, 0);
    t.log(`round ${round}: ${signal ?? exitCode}, ${await leftIn(to)}`);
  }
  t.is(kills, 5);
  const done = await run('trainer', [...command, '--to', to]);
  t.is(done.exitCode, 0, String(done.stderr));
  t.is(await tableIn(to), await tableIn(straight));
  t.deepEqual(await filesIn(to), await filesIn(straight), 'no file is missing, none is left over');
});

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

async function leftIn(to: string): Promise<string> {
  const names: string[] = await readdir(to, { recursive: true }).catch(() => []);
  const count = (part: RegExp) => names.filter((name) => part.test(name)).length;
  return `${count(/^prompts.*\.bin$/)} documents, ${count(/^completions.*\.json$/)} completions, ${count(/^features\/[^.]/)} features, ${count(/^distances\/[^.]/)} distances`;
}
