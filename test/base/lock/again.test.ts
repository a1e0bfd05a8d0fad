import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { makeCorpus, PIPELINE, SMALL } from '../../helpers/pipeline-runs.ts';
import { makeSmallDataset, SETTINGS } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const TRAINER = join(import.meta.dirname, '../../../bin/trainer.js');
const ROUNDS = process.env.CODEC_LM_TEST_LONG ? 14 : 1;

/**
 * Starts a program whose parent never asks for its exit code: once killed it stays a zombie, as in
 * a container whose first process reaps nothing.
 * @returns kills it
 */
function startUnreaped(t: ExecutionContext, args: readonly string[]): () => Promise<void> {
  const script = '"$@" >/dev/null 2>&1 & echo $!; exec sleep 600';
  const parent = spawn('sh', ['-c', script, 'sh', process.execPath, ...args]);
  t.teardown(() => parent.kill('SIGKILL'));
  const pid = new Promise<number>((resolve) => {
    parent.stdout.once('data', (line) => resolve(Number(line)));
  });
  return async () => {
    process.kill(await pid, 'SIGKILL');
  };
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(20);
}

test.serial(
  `after a SIGKILL of pipeline run the same command goes on at once, ${ROUNDS} of ${ROUNDS} rounds`,
  async (t) => {
    t.timeout(1_200_000);
    const folder = await temporaryFolder(t);
    const corpus = join(folder, 'corpus');
    await makeCorpus(corpus, 200);
    for (let round = 0; round < ROUNDS; round++) {
      const out = join(folder, `out-${round}`);
      const args = [PIPELINE, 'run', 'images', corpus, '--out', out, ...SMALL];
      const kill = startUnreaped(t, args);
      const filesIn = (name: string) => readdir(join(out, name)).catch(() => []);
      await until(async () => (await filesIn('stats')).length > 0);
      t.is((await filesIn('locks')).length, 1);
      await kill();
      const { exitCode, stderr } = await execa('node', args, { reject: false });
      t.is(exitCode, 0, `round ${round}: ${stderr}`);
      t.notRegex(stderr, /heartbeat/, 'it did not wait');
    }
  },
);

test.serial(
  `after a SIGKILL of trainer fit the same command goes on at once, ${ROUNDS} of ${ROUNDS} rounds`,
  async (t) => {
    t.timeout(1_200_000);
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    for (let round = 0; round < ROUNDS; round++) {
      const out = join(folder, `run-${round}`);
      const settings = [...SETTINGS, 'train.saveEvery=0'].flatMap((setting) => ['--set', setting]);
      const fit = [TRAINER, 'fit', '--data', data, '--out', out, ...settings, '--resume'];
      const kill = startUnreaped(t, [...fit, '--set', 'train.steps=1000000']);
      const metrics = () => readFile(join(out, 'metrics.jsonl'), 'utf8').catch(() => '');
      await until(async () => (await metrics()).includes('\n'));
      t.is((await readdir(join(out, '.lock'))).length, 1);
      await kill();
      const again = [...fit, '--set', 'train.steps=2'];
      const { exitCode, stderr } = await execa('node', again, { reject: false });
      t.is(exitCode, 0, `round ${round}: ${stderr}`);
      t.notRegex(stderr, /heartbeat/, 'it did not wait');
    }
  },
);
