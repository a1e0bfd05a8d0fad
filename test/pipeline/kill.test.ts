import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { randomNumbers } from '../helpers/rasters.ts';
import { testLong } from '../helpers/tools.ts';
import { hashesOf, makeCorpus, pipeline, removeFolder, SMALL, workFolder } from './helpers.ts';

const IMAGES = 200;
/** With held-out documents, each partition has two shards. */
const OPTIONS = [...SMALL, '--val-fraction', '0.3'];

let work: string;
let corpus: string;
let expected: Record<string, string>;
/** Of an uninterrupted run: kills come at any moment of it. */
let fullMs: number;

test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, IMAGES);
  const whole = join(work, 'whole');
  const start = performance.now();
  const result = await pipeline(['run', 'images', corpus, '--out', whole, ...OPTIONS]);
  fullMs = performance.now() - start;
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  expected = await hashesOf(whole);
});
test.after.always(() => removeFolder(work));

interface Combination {
  workers: number;
  ranks: number;
}

/** The processes of one attempt: each of them is done, or was killed at its moment. */
async function attempt(out: string, { workers, ranks }: Combination, moments: number[]) {
  const processes = Array.from({ length: ranks }, async (_, rank) => {
    const share = ranks === 1 ? [] : ['--rank', String(rank), '--world-size', String(ranks)];
    const options = ['--workers', String(workers), ...share];
    const run = pipeline(['run', 'images', corpus, '--out', out, ...OPTIONS, ...options]);
    const moment = moments[rank];
    const timer = moment === undefined ? undefined : setTimeout(() => run.kill('SIGKILL'), moment);
    const result = await run;
    clearTimeout(timer);
    return { isKilled: result.signal === 'SIGKILL', result };
  });
  return Promise.all(processes);
}

/** Runs to the end whatever is there, and compares every file. */
async function finishAndCompare(t: ExecutionContext, out: string, combination: Combination) {
  for (const { result } of await attempt(out, combination, [])) {
    t.is(result.exitCode, 0, String(result.stderr));
  }
  if (combination.ranks > 1) {
    const done = await pipeline(['finalize', out]);
    t.is(done.exitCode, 0, String(done.stderr));
  }
  t.deepEqual(await hashesOf(out), expected);
  for (const folder of ['shards', 'documents', 'stats', 'failures']) {
    const hidden = (await readdir(join(out, folder))).filter((name) => name.startsWith('.'));
    t.deepEqual(hidden, [], `half-written files of killed runs are gone from ${folder}/`);
  }
}

/** A dataset that gets done between the kills is compared and begun again. */
async function killAndResume(t: ExecutionContext, combination: Combination, wanted: number) {
  const { workers, ranks } = combination;
  const next = randomNumbers(workers * 10 + ranks);
  let kills = 0;
  let datasets = 0;
  while (kills < wanted) {
    const out = join(work, `killed-${workers}-${ranks}-${datasets++}`);
    if (ranks > 1) {
      const planned = await pipeline(['plan', 'images', corpus, '--out', out, ...OPTIONS]);
      t.is(planned.exitCode, 0, String(planned.stderr));
    }
    let isDone = false;
    while (!isDone && kills < wanted) {
      const moments = Array.from({ length: ranks }, () => (next() % 1000) * (fullMs / 1000));
      const ends = await attempt(out, combination, moments);
      kills += ends.filter(({ isKilled }) => isKilled).length;
      isDone = ends.every(({ isKilled }) => !isKilled);
    }
    await finishAndCompare(t, out, combination);
    await removeFolder(out);
  }
  t.log(`${kills} kills, ${datasets} datasets compared`);
}

const killTest = (combination: Combination, kills: number) => {
  const { workers, ranks } = combination;
  const title = `killed ${kills} times at random moments and resumed, ${workers} workers, ${ranks} ranks: the same bytes`;
  return [title, (t: ExecutionContext) => killAndResume(t, combination, kills)] as const;
};

test.serial(...killTest({ workers: 2, ranks: 1 }, 3));
test.serial(...killTest({ workers: 1, ranks: 2 }, 2));
for (const workers of [1, 2, 4]) {
  for (const ranks of [1, 2]) testLong(...killTest({ workers, ranks }, 20));
}
