import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { execa } from 'execa';
import { PipelineListener } from '../../../cli/pipeline/listener.ts';
import {
  addBadFiles,
  makeCorpus,
  PIPELINE,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';
import { testIf } from '../../helpers/tools.ts';

let work: string;
let corpus: string;
let out: string;
let whole: { stdout: string; stderr: string };
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  out = join(work, 'whole');
  await makeCorpus(corpus, 250);
  await addBadFiles(corpus);
  const result = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL, '--json']);
  if (result.exitCode !== 3) throw new Error(String(result.stderr));
  whole = { stdout: String(result.stdout), stderr: String(result.stderr) };
});
test.after.always(() => removeFolder(work));

const eventsOf = (stdout: string): Record<string, unknown>[] =>
  stdout.split('\n').map((line) => JSON.parse(line));

test('--json: one event a line, in the order of the work', (t) => {
  const events = eventsOf(whole.stdout);
  t.deepEqual([...new Set(events.map(({ event }) => event))].sort(), [
    'done',
    'failure',
    'partition',
    'plan',
    'tokenizer',
  ]);
  t.like(events[0], { event: 'plan', inputs: 260, partitions: 26, isNew: true, duplicates: 0 });
  t.like(events[1], { event: 'tokenizer', merges: 40, vocabSize: 299 });
  t.like(events.at(-1), { event: 'done', out, inputs: 260, documents: 250, failures: 10 });
  const partitions = events.filter(({ event }) => event === 'partition');
  t.deepEqual(
    partitions.map(({ name }) => name),
    Array.from({ length: 26 }, (_, i) => `part-${String(i).padStart(5, '0')}`),
  );
  const sum = (key: string) => partitions.reduce((total, event) => total + Number(event[key]), 0);
  t.deepEqual([sum('inputs'), sum('documents'), sum('failures')], [260, 250, 10]);
});

test('the first failures are shown as they happen, all are counted by code at the end', (t) => {
  const lines = whole.stderr.split('\n');
  const shown = lines.filter((line) => line.startsWith('failed: '));
  t.is(shown.length, 5);
  for (const line of shown) t.regex(line, /bad-.*\[IMAGE_[A-Z]+\]$/);
  t.true(lines.includes('further failures are only counted here'));
  const counts = 'IMAGE_CORRUPT 4, IMAGE_EMPTY 1, IMAGE_UNREADABLE 1, IMAGE_UNSUPPORTED 4';
  t.true(whole.stderr.includes(`10 inputs failed (${counts}); see ${out}/failures/`), whole.stderr);
});

const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

test('the progress line has rates and time to go as soon as they are known', async (t) => {
  let line = () => '';
  const io = {
    print: () => undefined,
    printJson: () => undefined,
    log: () => undefined,
    progress: { update: (now: string | (() => string)) => (line = now as () => string), done() {} },
    signal: new AbortController().signal,
  };
  const { listen } = new PipelineListener(io, { json: false, quiet: false }, 'image');
  listen({
    type: 'begin',
    work: { inputs: 4000, partitions: 4 },
    before: { inputs: 1000, partitions: 1 },
  });
  const batch = (documents: number) =>
    listen({
      type: 'batch',
      inputs: documents,
      sourceBytes: documents * 1e5,
      reused: { documents: 0, sourceBytes: 0 },
    });
  batch(100);
  t.is(line(), '██████░░░░░░░░░░░░░░ 1,100/4,000 images  1/4 partitions  0 failed');
  await sleep(1200);
  batch(900);
  t.regex(
    line(),
    /^█{10}░{10} 2,000\/4,000 images {2}\d+ images\/s {2}\d+\.\d MB\/s {2}1\/4 partitions {2}0 failed {2}ETA \d+ s$/,
  );
  const [images, megabytes] = [/(\d+) images\/s/, /([\d.]+) MB\/s/].map((r) =>
    Number(r.exec(line())![1]),
  );
  t.true(Math.abs(megabytes / (images * 0.1) - 1) < 0.05, line());
  batch(2000);
  t.notRegex(line(), /ETA/, 'nothing is left to wait for');
});

testIf(
  hasTerminal,
  'script, which makes a terminal, is not installed',
  'in a terminal one line is redrawn, and ends with a full bar',
  async (t) => {
    const args = [PIPELINE, 'run', 'images', corpus, '--out', join(work, 'seen'), ...SMALL];
    const line = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
    const { stdout, exitCode } = await execa('script', ['-qec', line, '/dev/null'], {
      reject: false,
      stdin: 'ignore',
      env: { COLUMNS: '200' },
    });
    t.is(exitCode, 3, stdout);
    // Each redraw goes back to the start of the line and wipes it.
    const drawn = stdout.split('\r\x1b[2K').map((text) => stripVTControlCharacters(text));
    const bars = drawn.filter((text) => /\d+\/260 images {2}/.test(text));
    t.true(bars.length >= 2, stdout);
    for (const bar of bars) t.regex(bar, /^[█░]{20} \d+\/260 images /);
    t.true(bars.at(-1)?.startsWith('████████████████████ 260/260 images'), bars.at(-1));
  },
);

test('--quiet prints nothing, and the exit code tells', async (t) => {
  const result = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL, '--quiet']);
  t.deepEqual([result.exitCode, result.stdout, result.stderr], [3, '', '']);
});

test('--dry-run tells sizes that the dataset comes close to, and the settings', async (t) => {
  const done = eventsOf(whole.stdout).at(-1)!;
  const args = ['run', 'images', corpus, '--out', join(work, 'dry'), ...SMALL, '--dry-run'];
  const { estimate } = JSON.parse(String((await pipeline([...args, '--json'])).stdout));
  for (const [guess, real] of [
    [estimate.documents, done.documents],
    [estimate.tokens, done.tokens],
    [estimate.sequences, done.rows],
    [estimate.bytes, done.documentBytes],
  ]) {
    t.true(Math.abs(guess / Number(real) - 1) < 0.05, `${guess} guessed, ${real} in truth`);
  }
  const table = String((await pipeline(args)).stdout);
  t.regex(table, /^inputs +260$/m);
  t.regex(table, /^partitions +26$/m);
  t.regex(table, /^codec +jpeg: width 32, height 32, quality 25, /m);
  t.regex(table, /^encoder +sharp [\d.]+, libvips [\d.]+/m);
  t.regex(table, /^failed +IMAGE_/m);
  t.regex(table, /^tokens +about [\d,]+ in [\d,]+ sequences$/m);
  t.regex(table, /^disk +about [\d.]+ KiB of shards$/m);
});
