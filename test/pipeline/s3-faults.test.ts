/** Runs from a bucket to a bucket that are killed, or whose storage fails: the bytes of a quiet run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { remoteStorage } from '../../base/storage/index.ts';
import { PIPELINE, pipeline, SMALL } from '../helpers/pipeline-runs.ts';
import { useCorpusBucket } from '../helpers/s3-bucket.ts';
import { hashesAt } from '../helpers/s3-data.ts';
import { hasMoto } from '../helpers/s3-server.ts';
import { testWithS3 } from '../helpers/s3-test.ts';
import { testLong } from '../helpers/tools.ts';

const s3 = useCorpusBucket(60);

const argsTo = (out: string) => ['run', 'images', 's3://bucket/corpus', '--out', out, ...SMALL];

testWithS3(
  'errors at 5 %, bodies that end early and 50 ms a request: the same bytes',
  async (t) => {
    s3.proxy.faults = { errors: 0.05, cuts: 0.05, latencyMs: 50 };
    const out = 's3://bucket/faults';
    const run = await pipeline(argsTo(out), { env: { AWS_ENDPOINT_URL: s3.proxy.endpoint } });
    t.is(run.exitCode, 0, String(run.stderr));
    t.deepEqual(await hashesAt(out), s3.expected);
    t.deepEqual(await remoteStorage().client.uploads('bucket', 'faults/'), []);
  },
);

/**
 * Kills the run again and again, later each time, until it comes to its end.
 * @param env such as that of a slow server, so that a fast machine does not come to the end before the first kill
 */
async function runWithKills(
  out: string,
  kills: number,
  step: () => number,
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  let killed = 0;
  for (let after = step(); ; after += step()) {
    const run = execa('node', [PIPELINE, ...argsTo(out)], { reject: false, env });
    const timer = killed < kills ? sleep(after).then(() => run.kill('SIGKILL')) : undefined;
    const { exitCode, signal, stderr } = await run;
    if (exitCode === 0) return killed;
    if (signal !== 'SIGKILL') throw new Error(String(stderr));
    await timer;
    killed++;
  }
}

testWithS3('a run that is killed goes on, and leaves no part of an upload', async (t) => {
  const out = 's3://bucket/killed';
  s3.proxy.faults = { latencyMs: 50 };
  const killed = await runWithKills(out, 3, () => 1200, { AWS_ENDPOINT_URL: s3.proxy.endpoint });
  t.true(killed > 0);
  t.deepEqual(await hashesAt(out), s3.expected);
  t.deepEqual(await remoteStorage().client.uploads('bucket', 'killed/'), []);
  // The server may carry out what a killed process had sent after the next one has looked.
  for (const name of await remoteStorage().names(`${out}/locks`)) {
    const { pid } = JSON.parse(String(await remoteStorage().read(`${out}/locks/${name}`)));
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, `${name} is of a process that is gone`);
  }
});

testLong('twenty kills at random moments: the same bytes each time', async (t) => {
  if (!hasMoto()) return void t.pass();
  let killed = 0;
  for (let i = 0; killed < 20; i++) {
    const out = `s3://bucket/killed-${i}`;
    killed += await runWithKills(out, 4, () => 300 + Math.random() * 2000);
    t.deepEqual(await hashesAt(out), s3.expected);
  }
  t.deepEqual(await remoteStorage().client.uploads('bucket', ''), []);
});
