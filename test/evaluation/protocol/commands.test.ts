/** `trainer evaluate run`, `prompts` and `classes` as programs: ranks, stops, disks, other codecs. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import {
  type EvaluationPlace,
  evaluationPlace,
  SIDE,
  writeNetwork,
} from '../../helpers/evaluation.ts';
import { mayMount, mount } from '../../helpers/mounts.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { testIf, testLong, testWith } from '../../helpers/tools.ts';
import { run } from '../../helpers/workplace.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');

async function commandOf({ checkpoint, images, folder }: EvaluationPlace): Promise<string[]> {
  const features = await writeNetwork(folder);
  return [
    ...['evaluate', 'run', '--checkpoint', checkpoint, '--images', images],
    ...['--features', features, '--ratios', '0.25,0.5', '--seeds', '2', '--unconditional'],
  ];
}

const tableIn = (to: string) => readFile(join(to, 'table.json'), 'utf8');

test('dry run, run and table: stdout has results alone', async (t) => {
  const place = await evaluationPlace(t, { pictures: 4 });
  const to = join(place.folder, 'out');
  const args = [...(await commandOf(place)), '--to', to];
  const dry = await run('trainer', [...args, '--dry-run']);
  t.is(dry.exitCode, 0, String(dry.stderr));
  t.regex(String(dry.stdout), /^condition +completions +tokens given +tokens drawn$/m);
  t.regex(String(dry.stdout), /^H100 80GB SXM +256 +under 0\.1$/m);
  t.false((await readdir(place.folder)).includes('out'), 'nothing is written');
  const done = await run('trainer', [...args, '--json']);
  t.is(done.exitCode, 0, String(done.stderr));
  const table = JSON.parse(String(done.stdout));
  t.deepEqual(table, JSON.parse(await tableIn(to)));
  t.deepEqual(
    table.conditions.map(({ id }: { id: string }) => id),
    ['ratio-0.25', 'ratio-0.5', 'unconditional'],
  );
  t.regex(String(done.stderr), /note: 4 pictures were found, fewer than the 5000/);
  const again = await run('trainer', args);
  t.is(
    again.stdout,
    ['table.json', 'table.md', 'index.html'].map((name) => join(to, name)).join('\n'),
  );
  const other = await run('trainer', [...args, '--seeds', '3']);
  t.is(other.exitCode, 2);
  t.regex(String(other.stderr), /seeds: 2 then, 3 now.*\[OUTPUT_IN_USE\]/s);
  const prompts = join(place.folder, 'prompts');
  const written = await run('trainer', [
    ...['evaluate', 'prompts', '--images', place.images, '--ratio', '0.5', '--size', '32'],
    ...['--to', prompts],
  ]);
  t.is(written.stdout, `${prompts}/ratio-0.5: 4 prompts`);
  const frequencies = join(place.folder, 'f.csv');
  await writeFile(frequencies, 'class-0,1\nclass-1,2\n');
  const few = await run('trainer', ['evaluate', 'classes', to, to, '--frequencies', frequencies]);
  t.is(few.exitCode, 2);
  t.regex(String(few.stderr), /2 classes can be compared.*\[PICTURES_TOO_FEW\]/s);
});

testWith('mpirun', 'two ranks end with the table of one, and share what is left', async (t) => {
  const place = await evaluationPlace(t, { pictures: 5 });
  const args = await commandOf(place);
  const [one, many] = ['one', 'many'].map((name) => join(place.folder, name));
  const alone = await run('trainer', [...args, '--to', one], { OMP_NUM_THREADS: '1' });
  t.is(alone.exitCode, 0, String(alone.stderr));
  const together = await mpirun(2, [TRAINER, ...args, '--to', many]);
  t.is(together.exitCode, 0, together.stderr);
  t.is(await tableIn(many), await tableIn(one));
  t.is(together.stdout.split('\n').length, 3, 'rank 0 alone prints');
  const bad = await mpirun(2, [TRAINER, ...args, '--to', many, '--seeds', '4']);
  t.is(bad.exitCode, 2);
  t.is(bad.stderr.match(/OUTPUT_IN_USE/g)?.length, 1, 'a mistake is told once');
});

test('a signal stops between two samples, and says how to go on; another process is kept out', async (t) => {
  const place = await evaluationPlace(t, { pictures: 5 });
  const to = join(place.folder, 'out');
  const args = [...(await commandOf(place)), '--to', to];
  const first = run('trainer', args);
  const drawn = join(to, 'completions/ratio-0.25/top-k-40-top-p-0.9/seed-0');
  while (!(await hasSome(drawn))) await new Promise((resolve) => setTimeout(resolve, 20));
  const second = await run('trainer', args);
  if (second.exitCode !== 0) {
    t.is(second.exitCode, 2);
    t.regex(String(second.stderr), /\[OUTPUT_IN_USE\]/);
  }
  first.kill('SIGINT');
  const { exitCode, stderr } = await first;
  // It may have been done by then.
  if (exitCode !== 0) {
    t.is(exitCode, 130, String(stderr));
    t.regex(String(stderr), /go on with: trainer evaluate run .*\[INTERRUPTED\]/s);
  }
  const end = await run('trainer', args);
  t.is(end.exitCode, 0, String(end.stderr));
});

async function hasSome(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length > 0;
}

testIf(mayMount(), 'only root may mount', 'a disk that fills: what is there is kept', async (t) => {
  const place = await evaluationPlace(t, { pictures: 5 });
  const args = await commandOf(place);
  const whole = join(place.folder, 'whole');
  t.is((await run('trainer', [...args, '--to', whole])).exitCode, 0);
  const disk = join(place.folder, 'disk');
  await mkdir(disk);
  mount(t, disk, 'size=300k');
  const to = join(disk, 'out');
  const stopped = await run('trainer', [...args, '--to', to]);
  t.is(stopped.exitCode, 1, String(stopped.stderr));
  t.regex(String(stopped.stderr), /free some space and run: trainer evaluate run.*\[DISK_FULL\]/s);
  await execa('mount', ['-o', 'remount,size=64m', disk]);
  const done = await run('trainer', [...args, '--to', to]);
  t.is(done.exitCode, 0, String(done.stderr));
  t.is(await tableIn(to), await tableIn(whole));
});

test('a model of clips is refused, and it is said what is possible', async (t) => {
  const place = await evaluationPlace(t, { pictures: 2 });
  const checkpoint = join(place.folder, 'clips');
  const settings = avcSettingsSchema.parse({ width: 64, height: 48, frames: 3 });
  await makeCheckpoint(checkpoint, { side: SIDE, codec: { name: 'avc', settings } });
  const args = [
    '--checkpoint',
    checkpoint,
    '--images',
    place.images,
    '--to',
    join(place.folder, 'o'),
  ];
  for (const more of [[], ['--dry-run']]) {
    const { exitCode, stderr } = await run('trainer', ['evaluate', 'run', ...args, ...more]);
    t.is(exitCode, 2);
    t.regex(
      String(stderr),
      /measures images, not clips.*trainer sample --prompt-frames.*\[USAGE\]/s,
    );
  }
});

testLong('killed five times at random, it ends with the same table', async (t) => {
  t.timeout(1_800_000);
  const place = await evaluationPlace(t, { pictures: 24 });
  const args = [...(await commandOf(place)), '--half-size'];
  const whole = join(place.folder, 'whole');
  const start = performance.now();
  const straight = await run('trainer', [...args, '--to', whole]);
  const fullMs = performance.now() - start;
  t.is(straight.exitCode, 0, String(straight.stderr));
  const to = join(place.folder, 'killed');
  let kills = 0;
  for (let round = 0; kills < 5 && round < 50; round++) {
    const started = run('trainer', [...args, '--to', to]);
    // The first moments are those of starting and planning; later ones come on from there.
    const timer = setTimeout(() => started.kill('SIGKILL'), 1500 + Math.random() * (fullMs / 3));
    const { signal, exitCode } = await started;
    clearTimeout(timer);
    if (signal === 'SIGKILL') kills++;
    else t.is(exitCode, 0);
    t.log(`round ${round}: ${signal ?? exitCode}, ${await leftIn(to)}`);
  }
  t.is(kills, 5);
  const done = await run('trainer', [...args, '--to', to]);
  t.is(done.exitCode, 0, String(done.stderr));
  t.is(await tableIn(to), await tableIn(whole));
  const names = await readdir(to, { recursive: true });
  t.deepEqual(
    names.filter((name) => name.endsWith('.json')).sort(),
    (await readdir(whole, { recursive: true })).filter((name) => name.endsWith('.json')).sort(),
  );
});

async function leftIn(to: string): Promise<string> {
  const names: string[] = await readdir(to, { recursive: true }).catch(() => []);
  const count = (part: RegExp) => names.filter((name) => part.test(name)).length;
  return `${count(/^prompts.*\.bin$/)} documents, ${count(/^completions.*\.json$/)} completions, ${count(/^features\/[^.]/)} features, ${count(/^distances\/[^.]/)} distances`;
}
