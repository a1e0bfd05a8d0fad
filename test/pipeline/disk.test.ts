import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { mayMount, mount } from '../helpers/mounts.ts';
import {
  hashesOf,
  makeCorpus,
  makeExpected,
  PIPELINE,
  pipeline,
  removeFolder,
  SMALL,
} from '../helpers/pipeline-runs.ts';

let work: string;
let corpus: string;
let expected: Record<string, string>;
test.before(async () => {
  ({ work, corpus, expected } = await makeExpected(120));
});
test.after.always(() => removeFolder(work));

const runTo = (out: string) => ['run', 'images', corpus, '--out', out, ...SMALL];

const isAllowed = mayMount();
const testMounted = (title: string, body: (t: ExecutionContext) => Promise<void>) =>
  isAllowed
    ? test(title, body)
    : test.skip(`${title} (skipped: this user may not mount a file system)`, body);

testMounted('a full disk is one clear line, and the run goes on when there is space', async (t) => {
  const disk = join(work, 'small-disk');
  await mkdir(disk);
  mount(t, disk, 'size=160k');
  const out = join(disk, 'ds');
  const full = await pipeline(runTo(out));
  t.is(full.exitCode, 1, String(full.stderr));
  t.regex(String(full.stderr), /no space left.*free some space and run.*\[DISK_FULL\]/);
  t.true((await readdir(join(out, 'stats'))).length > 0, 'it was full in the middle of the work');
  t.is(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status, 0);
  const rest = await pipeline(runTo(out));
  t.is(rest.exitCode, 0, String(rest.stderr));
  t.regex(String(rest.stderr), /going on: \d+ of 12 partitions are done/);
  t.deepEqual(await hashesOf(out), expected);
});

testMounted('a read-only output is refused before any work, also one that was begun', async (t) => {
  const disk = join(work, 'read-only');
  await mkdir(disk);
  mount(t, disk, 'size=64m');
  const out = join(disk, 'ds');
  t.is((await pipeline(['plan', ...runTo(out).slice(1)])).exitCode, 0);
  t.is(spawnSync('mount', ['-o', 'remount,ro', disk]).status, 0);
  for (const folder of [out, join(disk, 'other')]) {
    const refused = await pipeline(runTo(folder));
    t.is(refused.exitCode, 2, String(refused.stderr));
    t.regex(String(refused.stderr), /^pipeline: .*EROFS.*\[OUTPUT_UNWRITABLE\]$/);
  }
  t.is(spawnSync('mount', ['-o', 'remount,rw', disk]).status, 0);
  t.is((await pipeline(runTo(out))).exitCode, 0);
  t.deepEqual(await hashesOf(out), expected);
});

test('a limit on file sizes is one clear line, and the run goes on without it', async (t) => {
  const out = join(work, 'limited');
  const big = ['--partition-size', '120', '--seq-len', '64'];
  const args = ['run', 'images', corpus, '--out', out, ...SMALL, ...big];
  const planned = await pipeline(['plan', ...args.slice(1)]);
  t.is(planned.exitCode, 0, String(planned.stderr));
  // In blocks of 512 bytes (POSIX); the shard is larger, what the planning wrote is not.
  const limited = await execa(
    'sh',
    ['-c', 'ulimit -f 16; exec "$@"', 'sh', process.execPath, PIPELINE, ...args],
    { reject: false },
  );
  t.is(limited.exitCode, 1, limited.stderr);
  t.regex(limited.stderr, /pipeline: writing .*EFBIG.*\[IO_FAILED\]$/m);
  t.deepEqual(await readdir(join(out, 'stats')), []);
  t.is((await pipeline(args)).exitCode, 0);
  const whole = join(work, 'unlimited');
  const again = ['run', 'images', corpus, '--out', whole, ...SMALL, ...big];
  t.is((await pipeline(again)).exitCode, 0);
  t.deepEqual(await hashesOf(out), await hashesOf(whole));
});

test('the output may lie on another file system, and behind a link', async (t) => {
  const shared = await stat('/dev/shm').catch(() => undefined);
  const isOther = shared?.isDirectory() && shared.dev !== (await stat(work)).dev;
  const place = isOther ? join('/dev/shm', `pipeline-test-${process.pid}`) : join(work, 'place');
  await mkdir(place);
  t.teardown(() => rm(place, { recursive: true, force: true }));
  await symlink(place, join(work, 'linked'));
  const out = join(work, 'linked', 'ds');
  const result = await pipeline(runTo(out));
  t.is(result.exitCode, 0, String(result.stderr));
  t.deepEqual(await hashesOf(join(place, 'ds')), expected);
});

test('a part of the corpus that is away stops the run; it goes on when it is back', async (t) => {
  const disk = join(work, 'disk');
  const away = join(work, 'away');
  await makeCorpus(disk, 240);
  const names = (await readdir(disk, { recursive: true })).filter((name) => name.includes('.'));
  // The list stays where it is: no source as a whole has vanished.
  const list = join(work, 'list.txt');
  await writeFile(list, names.map((name) => `${join(disk, name)}\n`).join(''));
  const out = join(work, 'partly');
  const small = '--size 32 --seq-len 256 --partition-size 300 --max-failures 100%'.split(' ');
  const tokenizer = ['--tokenizer', join(work, 'whole')];
  const args = ['run', 'images', `@${list}`, '--out', out, ...small, ...tokenizer];
  await rename(disk, away);
  const stopped = await pipeline(args);
  t.is(stopped.exitCode, 2, String(stopped.stderr));
  t.regex(String(stopped.stderr), /\d+ inputs in a row could not be read.*bring it back/);
  t.deepEqual(await readdir(join(out, 'stats')), []);
  await rename(away, disk);
  const back = await pipeline(args);
  t.is(back.exitCode, 0, String(back.stderr));
  t.regex(String(back.stderr), /: 240 documents/);
});
