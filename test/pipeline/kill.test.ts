import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../helpers/pipeline-runs.ts';
import { randomNumbers } from '../helpers/rasters.ts';

const IMAGES = 240;
/** With held-out documents, each partition has two shards. */
const OPTIONS = [...SMALL, '--val-fraction', '0.3'];

let work: string;
let corpus: string;
let expected: Record<string, string>;
/** Duration of an uninterrupted run, including start and planning. */
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

/** So many milliseconds after so many events of the run: 0 is its start, then come plan, tokenizer, partitions. */
interface Moment {
  events: number;
  ms: number;
}

/** A quarter anywhere from the start on, the others while partitions are made. */
function randomMoment(next: () => number): Moment {
  if (next() % 4 === 0) return { events: 0, ms: (next() % 1000) * (fullMs / 1000) };
  return { events: 1 + (next() % 7), ms: next() % 40 };
}

/** The processes of one attempt: each of them is done, or was killed at its moment. */
async function attempt(out: string, { workers, ranks }: Combination, moments: Moment[]) {
  const processes = Array.from({ length: ranks }, async (_, rank) => {
    const share = ranks === 1 ? [] : ['--rank', String(rank), '--world-size', String(ranks)];
    const options = [...OPTIONS, '--json', '--workers', String(workers), ...share];
    const run = pipeline(['run', 'images', corpus, '--out', out, ...options]);
    if (moments[rank]) killAt(run, moments[rank]);
    const result = await run;
    return { isKilled: result.signal === 'SIGKILL', result };
  });
  return Promise.all(processes);
}

function killAt(run: ReturnType<typeof pipeline>, { events, ms }: Moment): void {
  const kill = () => setTimeout(() => run.kill('SIGKILL'), ms).unref();
  if (events === 0) kill();
  let left = events;
  run.stdout?.on('data', (chunk) => {
    const lines = String(chunk).split('\n').length - 1;
    if (left > 0 && left <= lines) kill();
    left -= lines;
  });
}

/** The leftovers of a kill: finished partitions, and whether a file was half-written. */
async function leftBy(out: string): Promise<{ done: number; isHalf: boolean }> {
  const names: string[] = await readdir(out, { recursive: true }).catch(() => []);
  const isHidden = (name: string) => /(^|\/)\.[^/]*\.tmp$/.test(name);
  const done = names.filter((name) => /^stats\/[^.]/.test(name)).length;
  return { done, isHalf: names.some(isHidden) };
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
  const left: { done: number; isHalf: boolean }[] = [];
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
      const moments = Array.from({ length: ranks }, () => randomMoment(next));
      const ends = await attempt(out, combination, moments);
      const killed = ends.filter(({ isKilled }) => isKilled).length;
      kills += killed;
      if (killed > 0) left.push(await leftBy(out));
      isDone = killed === 0;
    }
    await finishAndCompare(t, out, combination);
    await removeFolder(out);
  }
  const half = left.filter(({ isHalf }) => isHalf).length;
  const counts = left.map(({ done }) => done).join(' ');
  t.log(`${kills} kills, ${half} left half-written files, ${datasets} datasets compared`);
  t.log(`partitions done at the kills: ${counts}`);
  if (wanted >= 20) t.true(new Set(left.map(({ done }) => done)).size > 3, counts);
}

const isLong = process.env.CODEC_LM_TEST_LONG !== undefined;

/**
 * One after the other: each needs the machine to itself, so that kills come at the intended
 * moments.
 */
for (const workers of [1, 2, 4]) {
  for (const ranks of [1, 2]) {
    const kills = isLong ? 20 : { 21: 3, 12: 2 }[workers * 10 + ranks];
    if (!kills) continue;
    test.serial(
      `killed ${kills} times at random moments and resumed, ${workers} workers, ${ranks} ranks: the same bytes`,
      (t) => killAndResume(t, { workers, ranks }, kills),
    );
  }
}
