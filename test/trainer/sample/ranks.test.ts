/** `trainer sample` and `trainer score` under mpirun: the same files and lines as one process. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { mpirun } from '../../helpers/mpirun.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { run } from '../../helpers/workplace.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');
const SIDE = 48;
const RANKS = 3;

async function photos(folder: string, count: number): Promise<string[]> {
  await mkdir(folder);
  const files = [];
  for (let nth = 0; nth < count; nth++) {
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (i + nth)) >> 5);
    const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
    const file = join(folder, `${nth}.png`);
    await image.toFile(file);
    files.push(file);
  }
  return files;
}

async function contents(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder)).sort();
  const files = names.map(async (name) => {
    return [name, (await readFile(join(folder, name))).toString('base64')] as const;
  });
  return new Map(await Promise.all(files));
}

/** One line a sample, in the order of their numbers, without the folder. */
function linesOf(stdout: unknown, folder: string): string[] {
  const lines = String(stdout).replaceAll(folder, 'TO').split('\n');
  return lines.sort((a, b) => JSON.parse(a).sample - JSON.parse(b).sample);
}

async function sameSamples(t: ExecutionContext, folder: string, args: string[]): Promise<void> {
  const [one, many] = [join(folder, 'one'), join(folder, 'many')];
  const alone = await run('trainer', [...args, '--json', '--to', one]);
  t.is(alone.exitCode, 0, String(alone.stderr));
  const together = await mpirun(RANKS, [TRAINER, ...args, '--json', '--to', many]);
  t.is(together.exitCode, 0, together.stderr);
  t.deepEqual(await contents(many), await contents(one));
  const lines = together.stdout.replaceAll(many, 'TO').split('\n');
  t.deepEqual(lines, linesOf(alone.stdout, one), 'rank 0 alone prints, in order');
  const last = (stderr: unknown) => String(stderr).split('\n').at(-1);
  t.is(last(together.stderr), last(alone.stderr));
  t.is(together.stderr.match(/the grammar changed/g)?.length, 1);
  t.regex(together.stderr, /tokens\/s in rank 0 of 3/);
}

testWith('mpirun', 'three ranks draw the files of one process, byte for byte', async (t) => {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: SIDE });
  const settings = ['--checkpoint', checkpoint, '--max-tokens', '700', '--seed', '5'];
  await sameSamples(t, folder, ['sample', ...settings, '--num', '5']);
});

testWith('mpirun', 'continuations of several prompts, and more ranks than samples', async (t) => {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: SIDE });
  const prompts = join(folder, 'photos');
  await photos(prompts, 2);
  const settings = ['--checkpoint', checkpoint, '--max-tokens', '900', '--prompt', prompts];
  await sameSamples(t, await temporaryFolder(t), ['sample', ...settings, '--num', '2']);
  await sameSamples(t, await temporaryFolder(t), ['sample', ...settings, '--num', '1']);
});

testWith('mpirun', 'a rank that fails ends the others; a mistake is told once', async (t) => {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: SIDE });
  const to = join(folder, 'full');
  await mkdir(to);
  await writeFile(join(to, 'there.txt'), '');
  const args = [TRAINER, 'sample', '--checkpoint', checkpoint, '--num', '6', '--to'];
  const used = await mpirun(RANKS, [...args, to]);
  t.is(used.exitCode, 2);
  t.is(used.stderr.match(/OUTPUT_IN_USE/g)?.length, 1);
  t.regex(used.stderr, /rank 0 of 3: .*full is not empty/);
  t.deepEqual(await readdir(to), ['there.txt']);

  // The disk is full for rank 1 alone.
  const blocked = join(folder, 'blocked');
  const stopped = await mpirun(RANKS, [...args, blocked], {
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'fails-in-rank-1.js')}`,
  });
  t.not(stopped.exitCode, 0);
  t.regex(stopped.stderr, /rank 1 of 3: .*00000001.*DISK_FULL/);
  t.false((await readdir(blocked)).includes('sheet.png'));
});

testWith('mpirun', 'three ranks score as one process does, with the same maps', async (t) => {
  t.timeout(170_000);
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: SIDE });
  const files = await photos(join(folder, 'photos'), 4);
  const [one, many] = [join(folder, 'one'), join(folder, 'many')];
  const args = ['score', '--checkpoint', checkpoint, ...files, '--json', '--map'];
  const alone = await run('trainer', [...args, one]);
  t.is(alone.exitCode, 0, String(alone.stderr));
  const together = await mpirun(RANKS, [TRAINER, ...args, many]);
  t.is(together.exitCode, 0, together.stderr);
  t.is(together.stdout.replaceAll(many, one), String(alone.stdout));
  t.deepEqual(await contents(many), await contents(one));
  t.is((await readdir(one)).length, files.length);

  const table = await mpirun(RANKS, [TRAINER, 'score', '--checkpoint', checkpoint, ...files]);
  t.is(table.stdout.match(/\.png/g)?.length, files.length, 'one table, of all files');
  const bad = await mpirun(RANKS, [TRAINER, 'score', '--checkpoint', checkpoint, 'nowhere.png']);
  t.is(bad.stderr.match(/INPUT_NOT_FOUND/g)?.length, 1);
  t.not(bad.exitCode, 0);
});
