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

/** `trainer sample` as people call it: every file opens without a warning and is canonical. */
async function judged(t: ExecutionContext, checkpoint: string, count: number): Promise<void> {
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
      ...['--num', String(count), '--json', ...options],
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

testLong(
  '1,000 samples of a trained model open without a warning, whatever the limits',
  async (t) => {
    t.timeout(3_600_000);
    const place = await makeWorkplace();
    t.teardown(() => place.remove());
    const trained = join(place.folder, 'run');
    const fit = [
      'fit',
      '--data',
      place.data,
      '--out',
      trained,
      ...SMALL,
      '--set',
      'train.steps=300',
    ];
    const done = await run('trainer', fit);
    t.is(done.exitCode, 0, done.stderr);
    await judged(t, trained, 1000);
  },
);
