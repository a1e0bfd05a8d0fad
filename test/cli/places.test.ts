/**
 * Every option and argument that names a place refuses a URL, in every command line, before
 * anything is done.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { temporaryFolder } from '../helpers/temporary.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const URL_OF_A_BUCKET = 'gs://bucket/x';

function run(program: string, args: string[], cwd: string) {
  const start = [join(ROOT, 'bin/start.js'), `cli/${program}/main.ts`];
  return execa('node', [...start, ...args], { reject: false, cwd });
}

const COMMANDS: [program: string, args: string[], named: RegExp][] = [
  ['pipeline', ['run', 'images', 'U', '--out', 'ds'], /SRC/],
  ['pipeline', ['run', 'images', 'x', '@U', '--out', 'ds'], /SRC/],
  ['pipeline', ['run', 'images', 'x', '--out', 'U'], /--out/],
  ['pipeline', ['run', 'videos', 'x', '--out', 'U'], /--out/],
  ['pipeline', ['run', 'images', 'x', '--out', 'ds', '--tokenizer', 'U'], /--tokenizer/],
  ['pipeline', ['plan', 'images', 'x', '--out', 'U'], /--out/],
  ['pipeline', ['status', 'U'], /\[USAGE\]/],
  ['shards', ['inspect', 'U'], /\[USAGE\]/],
  ['shards', ['inspect', 'x', '--html', 'U'], /--html/],
  ['shards', ['extract', 'x', '--doc', '1', '--to', 'U'], /--to/],
  ['tokenizer', ['encode', 'x', '--tokenizer', 'U'], /--tokenizer/],
  ['tokenizer', ['train', 'x', '--out', 'U'], /--out/],
  ['trainer', ['fit', '--data', 'U=0.5', '--out', 'run'], /--data/],
  ['trainer', ['fit', '--data', 'x', '--data', 'U', '--out', 'run'], /--data/],
  ['trainer', ['fit', '--data', 'x', '--out', 'U'], /--out/],
  ['trainer', ['sample', '--checkpoint', 'U', '--num', '1', '--to', 'x'], /--checkpoint/],
  ['trainer', ['sample', '--checkpoint', 'x', '--num', '1', '--to', 'U'], /--to/],
  ['trainer', ['sample', '--checkpoint', 'x', '--to', 'x', '--prompt', 'U'], /--prompt/],
  ['trainer', ['score', 'U', '--checkpoint', 'x'], /\[USAGE\]/],
  ['trainer', ['serve', '--checkpoint', 'U'], /--checkpoint/],
  ['trainer', ['report', 'U'], /\[USAGE\]/],
];

/** So many processes at a time. */
const TOGETHER = 3;

test('a URL in place of a path is a usage error that names the scheme, and leaves no folder', async (t) => {
  const cwd = await temporaryFolder(t);
  const left = [...COMMANDS];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [program, args, named] = next;
      const given = args.map((arg) => arg.replace('U', URL_OF_A_BUCKET));
      const { exitCode, stderr } = await run(program, given, cwd);
      t.is(exitCode, 2, `${program} ${given.join(' ')}: ${stderr}`);
      t.regex(stderr, /gs:\/\/ URLs are not supported.*\[USAGE\]$/);
      t.regex(stderr, named);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  t.deepEqual(await readdir(cwd), []);
});

test('an entry of a list is refused with the name of the list, and file URLs are paths', async (t) => {
  const cwd = await temporaryFolder(t);
  await writeFile(join(cwd, 'urls.txt'), 'a.png\ngs://bucket/b.png\n');
  const refused = await run('pipeline', ['run', 'images', '@urls.txt', '--out', 'ds'], cwd);
  t.is(refused.exitCode, 2);
  t.regex(refused.stderr, /in the list .*urls\.txt: gs:\/\/bucket\/b\.png.*\[USAGE\]/);
  await writeFile(join(cwd, 'files.txt'), `file://${cwd}/none%20here.png\n`);
  const read = await run(
    'pipeline',
    ['run', 'images', `@file://${cwd}/files.txt`, '--out', 'ds'],
    cwd,
  );
  t.regex(read.stderr, /none here\.png/);
  t.is(read.exitCode, 1, read.stderr);
});
