/** A run that is killed while colours are learned, or later, ends with the bytes of one that is not. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  workFolder,
} from '../../../helpers/pipeline-runs.ts';

const OPTIONS =
  '--codec pixels --size 16 --colours 200 --partition-size 8 --val-fraction 0.3 --json'.split(' ');

let work: string;
let corpus: string;
let expected: Record<string, string>;
let learned: string;

test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 48);
  const whole = join(work, 'whole');
  const result = await pipeline(['run', 'images', corpus, '--out', whole, ...OPTIONS]);
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  expected = await hashesOf(whole);
  learned = await learnedIn(whole);
});
test.after.always(() => removeFolder(work));

async function learnedIn(out: string): Promise<string> {
  return JSON.parse(await readFile(join(out, 'plan.json'), 'utf8')).learned?.clusters;
}

/** Events of a run in the order they are printed: a kill comes some milliseconds after one of them. */
const MOMENTS = [
  { event: 'plan', ms: 0 },
  { event: 'plan', ms: 60 },
  { event: 'settings', ms: 0 },
  { event: 'tokenizer', ms: 2 },
  { event: 'partition', ms: 5 },
];

async function killedAt(args: readonly string[], { event, ms }: (typeof MOMENTS)[number]) {
  const run = pipeline(args);
  let isComing = false;
  run.stdout?.on('data', (chunk) => {
    if (isComing || !String(chunk).includes(`{"event":"${event}"`)) return;
    isComing = true;
    setTimeout(() => run.kill('SIGKILL'), ms).unref();
  });
  return run;
}

for (const workers of [1, 2, 4]) {
  test.serial(`killed at ${MOMENTS.length} moments, ${workers} workers`, async (t) => {
    const out = join(work, `killed-${workers}`);
    const args = ['run', 'images', corpus, '--out', out, ...OPTIONS, '--workers', String(workers)];
    let kills = 0;
    for (const moment of MOMENTS) {
      const { signal } = await killedAt(args, moment);
      if (signal === 'SIGKILL') kills++;
    }
    t.true(kills >= 2, `${kills} kills`);
    t.log(`${kills} kills, left ${(await readdir(out)).join(' ')}`);
    const { exitCode, stderr } = await pipeline(args);
    t.is(exitCode, 0, String(stderr));
    t.deepEqual(await hashesOf(out), expected);
    t.is(await learnedIn(out), learned);
  });
}

test.serial(
  'two ranks share a palette that was planned; without it they are told to plan',
  async (t) => {
    const out = join(work, 'ranks');
    const ranked = (rank: number) =>
      pipeline([
        'run',
        'images',
        corpus,
        '--out',
        out,
        ...OPTIONS,
        '--rank',
        String(rank),
        '--world-size',
        '2',
      ]);
    t.regex(String((await ranked(0)).stderr), /is not planned yet/);
    const options = OPTIONS.filter((option) => option !== '--json');
    const planned = await pipeline(['plan', 'images', corpus, '--out', out, ...options]);
    t.is(planned.exitCode, 0, String(planned.stderr));
    for (const { exitCode, stderr } of await Promise.all([ranked(0), ranked(1)])) {
      t.is(exitCode, 0, String(stderr));
    }
    t.is((await pipeline(['finalize', out])).exitCode, 0);
    t.deepEqual(await hashesOf(out), expected);
  },
);
