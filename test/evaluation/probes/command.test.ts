/** `trainer evaluate probes` as a program, with a model that has learnt nothing. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { makeRaster } from '../../helpers/rasters.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { run } from '../../helpers/workplace.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');

async function world(t: ExecutionContext) {
  t.timeout(120_000);
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'model');
  await makeCheckpoint(checkpoint, { side: 32 });
  for (const [kind, name] of [
    ['noise', 'photos'],
    ['flat', 'drawings'],
  ] as const) {
    await mkdir(join(folder, name));
    for (const seed of [1, 2]) {
      const { pixels } = makeRaster(kind, 32, 32, seed);
      const image = sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } });
      await image.toFile(join(folder, name, `${seed}.png`));
    }
  }
  const probes = (...args: string[]) =>
    run('trainer', ['evaluate', 'probes', '--checkpoint', checkpoint, ...args]);
  return {
    ...{ folder, checkpoint, probes },
    photos: join(folder, 'photos'),
    drawings: join(folder, 'drawings'),
  };
}

test('a line of JSON for each probe, and a page', async (t) => {
  const { folder, photos, drawings, probes } = await world(t);
  const page = join(folder, 'probes.html');
  const options = ['--against', drawings, '--num', '2', '--html', page, '--json'];
  const done = await probes(photos, ...options);
  t.is(done.exitCode, 0, done.stderr);
  const lines = done.stdout.split('\n').map((line) => JSON.parse(line));
  t.deepEqual(
    lines.map(({ probe }) => probe),
    ['syntax', 'damage', 'classes', 'validity'],
  );
  const [syntax, damage, classes, validity] = lines;
  // Nothing is learnt: each token is one of 263.
  t.true(Math.abs(syntax.bitsPerSymbol - Math.log2(263)) < 1.5);
  t.is(syntax.documents, 2);
  t.is(damage.damaged, 2);
  t.deepEqual([classes.first.files, classes.second.files], [2, 2]);
  t.is(validity.drawn, 2);
  t.is(validity.valid, 0);
  const text = await readFile(page, 'utf8');
  t.regex(text, /Where the bits go/);
  t.is(text.match(/<rect/g)?.length, 4);
  t.false(/NaN|undefined/.test(text));
});

test('tables for people, of the probes that are asked for', async (t) => {
  const { photos, probes } = await world(t);
  const done = await probes(photos, '--only', 'damage', '--only', 'syntax', '--damages', '2');
  t.is(done.exitCode, 0, done.stderr);
  t.regex(done.stdout, /bits per byte: \d/);
  t.regex(done.stdout, /marker +\d/);
  t.regex(done.stdout, /one changed byte: 4 copies/);
  t.notRegex(done.stdout, /without the grammar|ROC/);
  t.false(/NaN|undefined/.test(done.stdout));
});

testWith('mpirun', 'two ranks print the bytes of one, and write its page', async (t) => {
  const { folder, photos, drawings, checkpoint, probes } = await world(t);
  const options = [photos, '--against', drawings, '--num', '3', '--damages', '3', '--json'];
  const [one, two] = [join(folder, 'one.html'), join(folder, 'two.html')];
  const alone = await probes(...options, '--html', one);
  t.is(alone.exitCode, 0, alone.stderr);
  const given = ['evaluate', 'probes', '--checkpoint', checkpoint, ...options];
  const together = await mpirun(2, [TRAINER, ...given, '--html', two]);
  t.is(together.exitCode, 0, together.stderr);
  t.is(together.stdout, alone.stdout);
  t.is(await readFile(two, 'utf8'), await readFile(one, 'utf8'));
  const broken = join(photos, 'broken.png');
  await writeFile(broken, 'no picture');
  const failed = await mpirun(2, [TRAINER, ...given]);
  t.not(failed.exitCode, 0);
  t.regex(failed.stderr, /rank 0 of 2: .*broken\.png/);
});

test('what cannot be done is a usage error, and no page is left', async (t) => {
  const { folder, photos, probes } = await world(t);
  const page = join(folder, 'probes.html');
  const clips = await probes(photos, '--only', 'clips', '--html', page);
  t.is(clips.exitCode, 2);
  t.regex(clips.stderr, /JPEG documents have no frames/);
  await writeFile(join(folder, 'broken.png'), 'no picture');
  const broken = await probes(join(folder, 'broken.png'), '--html', page);
  t.is(broken.exitCode, 1);
  t.regex(broken.stderr, /broken\.png/);
  t.false((await readdir(folder)).includes('probes.html'));
});
