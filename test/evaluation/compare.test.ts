/** `evaluate features` and `compare` as programs: small folders, a small network, and every way to fail. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { writeSafetensors } from '../../base/safetensors/safetensors.ts';
import { sharp } from '../../base/sharp.ts';
import { randomBits, randomWeights } from '../../bench/evaluation/random-weights.ts';
import { readStatistics } from '../../evaluation/index.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const SHAPES = JSON.parse(
  await readFile(new URL('../golden/evaluation/mobilenet.json', import.meta.url), 'utf8'),
).shapes as Record<string, number[]>;

async function run(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa(
    'node',
    [join(ROOT, 'bin/trainer.js'), 'evaluate', ...args],
    { cwd: ROOT, reject: false },
  );
  return { exitCode, stdout, stderr };
}

/** Two folders of pictures of several sizes and formats, and a network. */
async function world(t: ExecutionContext, count = 5) {
  t.timeout(300_000);
  const folder = await temporaryFolder(t);
  const weights = join(folder, 'mobilenet.safetensors');
  await writeSafetensors(weights, randomWeights(SHAPES, 7));
  for (const side of ['a', 'b']) {
    await mkdir(join(folder, side));
    for (let i = 0; i < count; i++) {
      const [width, height] = [20 + 3 * i, 30 - 2 * i];
      const bits = randomBits(`${side}${i}`, width * height * 3, 0);
      const pixels = Uint8Array.from(bits, (word) => word >>> 24);
      const image = sharp(pixels, { raw: { width, height, channels: 3 } });
      const name = `${i}.${['png', 'jpg', 'webp'][i % 3]}`;
      await image.toFile(join(folder, side, name));
    }
  }
  return { folder, weights, a: join(folder, 'a'), b: join(folder, 'b') };
}

test('features once, then compare from the file: the same figures, the keys that are promised', async (t) => {
  const { folder, weights, a, b } = await world(t);
  const stats = join(folder, 'a.npz');
  const made = await run('features', a, '--features', weights, '--to', stats);
  t.is(made.exitCode, 0, made.stderr);
  t.regex(made.stdout, /5 pictures, 1280 features of MobileNetV2, resize clean/);
  t.regex(made.stderr, /5 pictures are fewer than the 1280 features/);
  const { features, network, resize } = await readStatistics(stats);
  t.is(features?.count, 5);
  t.deepEqual([network, resize], ['MobileNetV2', 'clean']);
  const lines = [];
  for (const reference of [a, stats]) {
    const compared = await run('compare', reference, b, '--features', weights, '--json');
    t.is(compared.exitCode, 0, compared.stderr);
    lines.push(JSON.parse(compared.stdout));
  }
  const [direct, fromFile] = lines;
  const keys = [
    'fid',
    'kid',
    'precision',
    'recall',
    'reference',
    'generated',
    'features',
    'resize',
  ];
  t.deepEqual(Object.keys(direct).slice(0, 8), keys);
  t.is(direct.features, 'MobileNetV2');
  t.true(direct.fid > 0);
  t.deepEqual({ ...direct, reference: '' }, { ...fromFile, reference: '' });
  const people = await run('compare', stats, stats);
  t.is(people.exitCode, 0, people.stderr);
  t.regex(people.stdout, /FD-MobileNetV2/);
  t.notRegex(people.stdout, /\bFID\b/);
});

test('a broken picture ends the work with its name, or is left out, named and counted', async (t) => {
  const { weights, a, b } = await world(t);
  await writeFile(join(a, 'broken.jpg'), 'no picture');
  const stopped = await run('compare', a, b, '--features', weights);
  t.is(stopped.exitCode, 1);
  t.regex(stopped.stderr, /broken\.jpg.*\[IMAGE_UNSUPPORTED\]/s);
  const went = await run('compare', a, b, '--features', weights, '--skip-broken', '--json');
  t.is(went.exitCode, 3, went.stderr);
  t.regex(went.stderr, /skipped: .*broken\.jpg/);
  t.regex(went.stderr, /1 pictures? w(as|ere) skipped/);
  t.true(JSON.parse(went.stdout).fid > 0);
});

test('what cannot be compared is an error of its own', async (t) => {
  const { folder, weights, a, b } = await world(t, 2);
  const empty = join(folder, 'empty');
  const one = join(folder, 'one');
  await mkdir(empty);
  await mkdir(one);
  await writeFile(join(one, '1.png'), await readFile(join(a, '0.png')));
  const other = join(folder, 'other.safetensors');
  const damaged = join(folder, 'nan.safetensors');
  const changed = randomWeights(SHAPES, 7);
  const [name] = [...changed.keys()];
  changed.get(name)!.data[0] = Number.NaN;
  await writeSafetensors(damaged, changed);
  changed.set('classifier.1.weight', { shape: [10, 1280], data: new Float32Array(12_800) });
  await writeSafetensors(other, changed);
  const unknown = join(folder, 'unknown.safetensors');
  await writeSafetensors(unknown, new Map([['w', { shape: [1], data: new Float32Array(1) }]]));
  const cases: [string[], number, RegExp][] = [
    [[empty, b, '--features', weights], 2, /no files.*\[INPUT_EMPTY\]/s],
    [[one, b, '--features', weights], 2, /one picture.*\[PICTURES_TOO_FEW\]/s],
    [[join(folder, 'nowhere'), b, '--features', weights], 2, /\[INPUT_NOT_FOUND\]/],
    [[a, b], 2, /--features.*\[USAGE\]/s],
    [
      [a, b, '--features', other],
      1,
      /tensor classifier\.1\.weight is \[10, 1280\].*\[CHECKPOINT_INVALID\]/s,
    ],
    [[a, b, '--features', damaged], 1, /feature \d+ is NaN.*\[NOT_FINITE\]/s],
    [[a, b, '--features', unknown], 1, /tensor w, of no network.*\[CHECKPOINT_INVALID\]/s],
  ];
  for (const [args, exitCode, message] of cases) {
    const ended = await run('compare', ...args);
    t.is(ended.exitCode, exitCode, `${args.join(' ')}: ${ended.stderr}`);
    t.regex(ended.stderr, message);
    t.is(ended.stdout, '');
  }
});

test('a full disk leaves no file and keeps the one that was there', async (t) => {
  const { folder, weights, a } = await world(t, 2);
  const stats = join(folder, 'a.npz');
  await writeFile(stats, 'before');
  // 16 blocks of 512 bytes: as much as a file may have. sigma alone has 13 MB.
  const { exitCode, stderr } = await execa(
    'bash',
    [
      '-c',
      `ulimit -f 16; trap '' XFSZ; exec node bin/trainer.js evaluate features "$@"`,
      '_',
      a,
      '--features',
      weights,
      '--to',
      stats,
    ],
    { cwd: ROOT, reject: false },
  );
  t.is(exitCode, 1);
  t.regex(stderr, /a\.npz.*\[(IO_FAILED|DISK_FULL)\]/s);
  t.is(await readFile(stats, 'utf8'), 'before');
  t.deepEqual((await readdir(folder)).sort(), ['a', 'a.npz', 'b', 'mobilenet.safetensors']);
});
