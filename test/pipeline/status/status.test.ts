import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Status } from '../../../pipeline/status/status.ts';
import {
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';

const INPUTS = 300;

let work: string;
let corpus: string;
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, INPUTS);
  await writeFile(join(corpus, 'bad.jpg'), '');
});
test.after.always(() => removeFolder(work));

async function statusOf(out: string): Promise<Status> {
  return JSON.parse(String((await pipeline(['status', out, '--json'])).stdout));
}

async function partitionsDone(out: string): Promise<number> {
  const names = await readdir(join(out, 'stats')).catch(() => []);
  return names.filter((name) => !name.startsWith('.')).length;
}

test('status tells what is done while a run goes on, and after it was stopped', async (t) => {
  const out = join(work, 'running');
  const run = pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
  while ((await partitionsDone(out)) < 3 && run.exitCode === null) await sleep(5);
  // Held still, as a slow one would be seen: what is on the disk does not change while it is read.
  run.kill('SIGSTOP');
  const done = await partitionsDone(out);
  const found = await statusOf(out);
  const table = String((await pipeline(['status', out])).stdout);
  run.kill('SIGCONT');
  run.kill('SIGTERM');
  await run;
  t.like(found, { state: 'running', tokenizer: true });
  t.deepEqual(found.partitions, { total: 31, done });
  t.is(found.inputs.total, INPUTS + 1);
  t.is(found.inputs.done, done * 10);
  t.is(found.documents + found.failures, found.inputs.done);
  t.deepEqual(
    found.processes.map(({ pid, rank, size }) => ({ pid, rank, size })),
    [{ pid: run.pid!, rank: 0, size: 1 }],
  );
  t.true(found.inputsPerSecond! > 0 && found.etaSeconds! > 0);
  t.regex(table, /^state +running$/m);
  t.regex(table, /^partitions +\d+ of 31, \d+ left$/m);
  t.regex(table, /^rate +\d+ inputs\/s$/m);
  t.regex(table, /^to go +\d/m);

  const stopped = await statusOf(out);
  t.like(stopped, { state: 'stopped', processes: [], inputsPerSecond: null, etaSeconds: null });
  t.true(stopped.partitions.done >= done);
  const again = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
  t.is(again.exitCode, 3, String(again.stderr));
  t.like(await statusOf(out), {
    state: 'complete',
    partitions: { total: 31, done: 31 },
    documents: INPUTS,
    failures: 1,
    failuresByCode: { IMAGE_EMPTY: 1 },
  });
});

test('a process on another machine is seen by its lock', async (t) => {
  const out = join(work, 'elsewhere');
  const planned = await pipeline(['plan', 'images', corpus, '--out', out, ...SMALL]);
  t.is(planned.exitCode, 0, String(planned.stderr));
  const holder = { host: 'another-machine', pid: 1, rank: 3, size: 4 };
  await mkdir(join(out, 'locks'));
  await writeFile(join(out, 'locks', 'rank-3.json'), `${JSON.stringify(holder)}\n`);
  t.like(await statusOf(out), { state: 'running', processes: [holder] });
  const refused = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
  t.is(refused.exitCode, 2);
  t.regex(
    String(refused.stderr),
    /process 1 on another-machine \(rank 3 of 4\) is writing this dataset.*\[OUTPUT_IN_USE\]/,
  );
  t.is(JSON.parse(await readFile(join(out, 'locks', 'rank-3.json'), 'utf8')).pid, 1);
});

test('status of a folder that is no dataset is one line and exit 2', async (t) => {
  const result = await pipeline(['status', work]);
  t.is(result.exitCode, 2);
  t.regex(String(result.stderr), /holds no dataset.*\[INPUT_NOT_FOUND\]/);
});
