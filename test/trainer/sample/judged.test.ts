/** Samples from random and from trained weights, judged by libjpeg-turbo's own programs. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { fromJpegFile, toJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { judge } from '../../helpers/libjpeg.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testLong, testWith } from '../../helpers/tools.ts';
import { makeWorkplace, run, SMALL } from '../../helpers/workplace.ts';

const QUALITY = 25;
/** The shortest document of 32x32 pixels has 59 bytes of header and 6 for each of 4 MCUs. */
const TIGHT = 90;

/**
 * `trainer sample` as people call it: every file opens without a warning and is canonical.
 * @param formats options of weights, and keys and values
 */
async function judged(
  t: ExecutionContext,
  checkpoint: string,
  count: number,
  formats: readonly string[] = [],
): Promise<void> {
  const limits = [
    ['--top-p', '0.9'],
    ['--top-p', '1'],
    ['--top-p', '1', '--max-tokens', String(TIGHT)],
    ['--top-p', '0.9', '--max-tokens', String(TIGHT)],
  ];
  for (const [i, options] of limits.entries()) {
    const folder = await temporaryFolder(t);
    const done = await run('trainer', [
      ...['sample', '--checkpoint', checkpoint, '--to', folder, '--seed', String(i)],
      ...['--num', String(count), '--json', ...options, ...formats],
    ]);
    t.is(done.exitCode, 0, done.stderr);
    const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg'));
    t.is(names.length, count);
    const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
    const documents = files.map((file) => fromJpegFile(file).bytes);
    for (const [n, file] of files.entries()) {
      if (!file.equals(toJpegFile(documents[n], QUALITY))) t.fail(`${names[n]} has other tables`);
    }
    const verdicts = judge(documents.map((document) => ({ document, quality: QUALITY })));
    const failed = verdicts.filter(({ complaint, isReproduced }) => complaint || !isReproduced);
    t.deepEqual(failed, [], options.join(' '));
    const lines = done.stdout.split('\n').map((line) => JSON.parse(line) as { tokens: number });
    const longest = Math.max(...lines.map(({ tokens }) => tokens));
    t.log(`${count} with ${options.join(' ')}: longest ${longest} tokens`);
    if (options.includes('--max-tokens')) t.true(longest <= TIGHT);
  }
}

async function fromUntrained(t: ExecutionContext, count: number): Promise<void> {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, { side: 32 });
  await judged(t, checkpoint, count);
}

testWith(
  'djpeg',
  '16 samples of an untrained model open without a warning, whatever the limits',
  async (t) => fromUntrained(t, 16),
);

testLong(
  '1,000 samples of an untrained model open without a warning, whatever the limits',
  async (t) => {
    t.timeout(3_600_000);
    await fromUntrained(t, 1000);
  },
);

/** @returns the folder of a run of 300 steps */
async function trainedRun(t: ExecutionContext): Promise<string> {
  const place = await makeWorkplace();
  t.teardown(() => place.remove());
  const trained = join(place.folder, 'run');
  const steps = ['--set', 'train.steps=300'];
  const fit = ['fit', '--data', place.data, '--out', trained, ...SMALL, ...steps];
  const done = await run('trainer', fit);
  t.is(done.exitCode, 0, done.stderr);
  return trained;
}

testLong(
  '1,000 samples of a trained model open without a warning, whatever the limits',
  async (t) => {
    t.timeout(3_600_000);
    await judged(t, await trainedRun(t), 1000);
  },
);

/** The files of a folder of samples, by name. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
  const files = names.map(async (name) => [name, await readFile(join(folder, name), 'hex')]);
  return Object.fromEntries(await Promise.all(files));
}

testLong(
  '1,000 samples with int8 weights, keys and values open without a warning; the same for any batch and threads',
  async (t) => {
    t.timeout(3_600_000);
    const trained = await trainedRun(t);
    const formats = ['--weights', 'int8', '--cache', 'int8'];
    await judged(t, trained, 1000, formats);
    const draw = async (...options: string[]) => {
      const folder = await temporaryFolder(t);
      const done = await run('trainer', [
        ...['sample', '--checkpoint', trained, '--to', folder, '--num', '24', ...formats],
        ...options,
      ]);
      t.is(done.exitCode, 0, done.stderr);
      return filesOf(folder);
    };
    const one = await draw('--batch', '1', '--threads', '1');
    t.is(Object.keys(one).length, 24);
    t.deepEqual(await draw('--batch', '16', '--threads', '1'), one);
    t.deepEqual(await draw('--batch', '5', '--threads', '3'), one);
  },
);
