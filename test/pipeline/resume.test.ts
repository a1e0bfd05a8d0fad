import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { hashesOf, makeExpected, pipeline, removeFolder, SMALL } from '../helpers/pipeline-runs.ts';

let work: string;
let corpus: string;
let expected: Record<string, string>;
test.before(async () => {
  ({ work, corpus, expected } = await makeExpected(120));
});
test.after.always(() => removeFolder(work));

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test.serial(
    `${signal} stops cleanly with ${exitCode}, and the same command goes on`,
    async (t) => {
      const out = join(work, `stopped-${exitCode}`);
      const run = pipeline(['run', 'images', corpus, '--out', out, ...SMALL, '--json']);
      await new Promise<void>((resolve) => {
        run.stdout?.on('data', (chunk) => {
          if (String(chunk).includes('"partition"')) resolve();
        });
        run.on('exit', () => resolve());
      });
      run.kill(signal);
      const stopped = await run;
      t.is(stopped.exitCode, exitCode, String(stopped.stderr));
      t.regex(
        String(stopped.stderr),
        new RegExp(`${signal} received, stopping cleanly; once more`),
      );
      t.regex(String(stopped.stderr), /finished partitions are kept.*\[INTERRUPTED\]/);
      const status = await pipeline(['status', out, '--json']);
      t.like(JSON.parse(String(status.stdout)), { state: 'stopped', tokenizer: true });
      const result = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
      t.is(result.exitCode, 0, String(result.stderr));
      t.deepEqual(await hashesOf(out), expected);
    },
  );
}

test.serial(
  'ranks share the partitions; one is killed and comes back: the same bytes',
  async (t) => {
    const out = join(work, 'ranks');
    const planned = await pipeline(['plan', 'images', corpus, '--out', out, ...SMALL]);
    t.is(planned.exitCode, 0, String(planned.stderr));
    const rank = (r: number, env = {}) =>
      pipeline(['run', 'images', corpus, '--out', out, ...SMALL, '--json'], {
        env: { OMPI_COMM_WORLD_RANK: String(r), OMPI_COMM_WORLD_SIZE: '3', ...env },
      });
    const killed = rank(2);
    killed.stdout?.once('data', () => killed.kill('SIGKILL'));
    const results = await Promise.all([rank(0), rank(1), killed]);
    t.deepEqual(
      results.slice(0, 2).map(({ exitCode }) => exitCode),
      [0, 0],
    );
    const early = await pipeline(['finalize', out]);
    t.is(early.exitCode, 2);
    t.regex(String(early.stderr), /partitions are not done.*\[DATASET_INCOMPLETE\]/);
    t.is((await rank(2)).exitCode, 0);
    const done = await pipeline(['finalize', out]);
    t.is(done.exitCode, 0, String(done.stderr));
    t.deepEqual(await hashesOf(out), expected);
    const status = await pipeline(['status', out]);
    t.regex(String(status.stdout), /state +complete/);
  },
);

test.serial('a second run on the same dataset at once is refused', async (t) => {
  const out = join(work, 'twice');
  const first = pipeline(['run', 'images', corpus, '--out', out, ...SMALL, '--json']);
  await new Promise<void>((resolve) => {
    first.stdout?.once('data', () => resolve());
  });
  const second = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
  if ((await first).exitCode !== 0) t.fail('the first run is disturbed');
  // On a fast machine the first one may be through before the second looks.
  t.true(second.exitCode === 0 || /\[OUTPUT_IN_USE\]/.test(String(second.stderr)));
  t.deepEqual(await hashesOf(out), expected);
});

test.serial('a source that vanishes stops the run, and it goes on when it is back', async (t) => {
  const out = join(work, 'vanished');
  const args = ['images', corpus, '--out', out, ...SMALL];
  t.is((await pipeline(['plan', ...args])).exitCode, 0);
  await rename(corpus, `${corpus}-away`);
  // The command line names a folder that is not there: refused before anything is done.
  const missing = await pipeline(['run', ...args]);
  t.is(missing.exitCode, 2);
  t.regex(String(missing.stderr), /\[INPUT_NOT_FOUND\]/);
  await rename(`${corpus}-away`, corpus);
  const run = pipeline(['run', ...args, '--json']);
  run.stdout?.once('data', () => rename(corpus, `${corpus}-away`));
  const stopped = await run;
  await rename(`${corpus}-away`, corpus);
  t.is(stopped.exitCode, 2, String(stopped.stderr));
  t.regex(String(stopped.stderr), /has vanished \(bring it back.*\[INPUT_NOT_FOUND\]/);
  const result = await pipeline(['run', ...args]);
  t.is(result.exitCode, 0, String(result.stderr));
  t.deepEqual(await hashesOf(out), expected);
});
