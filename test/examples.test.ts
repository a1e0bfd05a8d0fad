/** The examples, as a user would run them: one after the other, each on what the one before made. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { sharp } from '../base/sharp.ts';
import { temporaryFolder } from './helpers/temporary.ts';

const ROOT = join(import.meta.dirname, '..');

async function run(name: string, ...args: string[]): Promise<string> {
  const file = join(ROOT, 'examples', `${name}.ts`);
  const node = ['--import=tsx', '--conditions=codec-lm-source', file, ...args];
  const { stdout } = await execa('node', node, { cwd: ROOT });
  return stdout;
}

async function makePictures(folder: string): Promise<void> {
  await mkdir(folder);
  for (let nth = 0; nth < 20; nth++) {
    const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, i) => (i * (nth + 3)) >> 4);
    const picture = sharp(pixels, { raw: { width: 48, height: 48, channels: 3 } });
    await picture.toFile(join(folder, `${nth}.png`));
  }
}

test('a folder becomes a dataset, a model is trained on it, draws, goes on and scores', async (t) => {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const place = (name: string) => join(folder, name);
  await makePictures(place('pictures'));
  const made = await run('make-dataset', place('pictures'), place('ds'));
  t.regex(made, /^20 inputs\n20 documents, \d+ tokens$/);

  const read = await run('read-dataset', place('ds'));
  t.regex(read, /^20 documents of jpeg, rows of 256 of 275 ids\n/);
  t.regex(read, /\n\d+ canonical bytes, \d+ as \.jpg$/);

  const loaded = await run('custom-loader', place('ds'));
  const [, rest, all] = /rank 0 had (\d+) more, rank 1 has (\d+) in all$/.exec(loaded)!;
  t.is(Number(rest) + 2, Number(all));

  const trained = await run('train', place('ds'), place('run'));
  t.regex(trained, /\n3: \d+\.\d+\nstep 3, loss \d+\.\d+, .*step-00000003$/);

  await mkdir(place('samples'));
  const picture = join(place('pictures'), '0.png');
  const drawn = await run('sample', place('run'), picture, place('samples'));
  t.is(drawn.match(/: \d+ bytes were given/g)?.length, 2);
  const files = (await readdir(place('samples'))).sort();
  t.deepEqual(files, ['free-0.jpg', 'free-1.jpg', 'half-0.jpg', 'half-1.jpg']);
  for (const name of files) {
    const { width, height } = await sharp(join(place('samples'), name)).metadata();
    t.deepEqual([width, height], [32, 32]);
  }

  const map = place('map.png');
  t.regex(await run('score', place('run'), map, picture), /0\.png: \d+\.\d{3} bits per byte$/);
  t.is((await sharp(await readFile(map)).metadata()).format, 'png');
});
