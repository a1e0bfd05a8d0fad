/** Runs whose directory lies in object storage, against a real server. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { CodecLmError } from '../../../../base/error.ts';
import { takeLock } from '../../../../base/lock/lock.ts';
import { joinPlace, remoteStorage, writePlace } from '../../../../base/storage/index.ts';
import type { FitEvent } from '../../../../trainer/events.ts';
import { fit } from '../../../../trainer/fit/fit.ts';
import { readSeries } from '../../../../trainer/report/series.ts';
import { writeReport } from '../../../../trainer/report/write.ts';
import { completeSteps } from '../../../../trainer/run/remote/checkpoints.ts';
import { loadModel } from '../../../../trainer/sample/model.ts';
import { removeFolder, workFolder } from '../../../helpers/pipeline-runs.ts';
import { hasMoto, makeBucket, type S3Server, startS3 } from '../../../helpers/s3-server.ts';
import { testWithS3 } from '../../../helpers/s3-test.ts';
import { makeSmallDataset, SETTINGS } from '../../../helpers/small-run.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const DIES = fileURLToPath(new URL('./dies-uploading.ts', import.meta.url));
const TRAINER = fileURLToPath(new URL('../../../../bin/trainer.js', import.meta.url));
const SET = [...SETTINGS, 'train.steps=6', 'train.saveEvery=2'];
const LAST = 'checkpoints/step-00000006';

let server: S3Server;
let work: string;
let data: string;
let expected: Record<string, string>;

test.before(async () => {
  work = await workFolder();
  if (!hasMoto()) return;
  server = await startS3();
  Object.assign(process.env, server.env);
  await makeBucket(server, 'bucket');
  data = await makeSmallDataset(work);
  const local = join(work, 'local');
  await fit({ data, out: local, backend: 'wasm', set: SET });
  const names = ['model.safetensors', 'optimizer.safetensors', 'state.json'];
  const contents = names.map(async (name) => [
    name,
    sha256(await readFile(join(local, LAST, name))),
  ]);
  expected = Object.fromEntries(await Promise.all(contents));
});
test.after.always(async () => {
  server?.stop();
  await removeFolder(work);
});

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function lastOf(out: string): Promise<Record<string, string>> {
  const found = Object.keys(expected).map(async (name) => {
    const content = await remoteStorage().read(joinPlace(out, LAST, name));
    return [name, sha256(content)];
  });
  return Object.fromEntries(await Promise.all(found));
}

async function isTidy(out: string): Promise<boolean> {
  const names = await remoteStorage().names(out);
  const parts = await remoteStorage().client.uploads('bucket', '');
  return !names.includes('.lock') && parts.length === 0;
}

testWithS3('a run at s3:// has the checkpoints of one on a disk, and prunes as one', async (t) => {
  const out = 's3://bucket/run';
  const events: FitEvent[] = [];
  const onEvent = (event: FitEvent) => void events.push(event);
  const result = await fit({
    data,
    out,
    backend: 'wasm',
    set: [...SET, 'train.keepLast=2'],
    onEvent,
  });
  t.is(result.checkpoint, `${out}/${LAST}`);
  t.deepEqual(await lastOf(out), expected);
  t.deepEqual(await completeSteps(out), [4, 6]);
  t.true(await isTidy(out));
  t.true(events.some((event) => event.type === 'checkpoint' && event.checkpoint.startsWith(out)));
  const names = (await remoteStorage().names(out)).sort();
  t.deepEqual(names, ['checkpoints', 'config.yaml', 'data.json', 'metrics.jsonl', 'tensorboard']);
  const lines = String(await remoteStorage().read(joinPlace(out, 'metrics.jsonl')))
    .trim()
    .split('\n');
  t.is(JSON.parse(lines.at(-1)!).step, 6);
  t.is((await readSeries(out)).train.at(-1)?.step, 6);
  const to = join(work, 'report.html');
  await writeReport({ run: out, title: 'From afar', to });
  t.regex(String(await readFile(to)), /From afar/);
  await t.throwsAsync(readSeries('s3://bucket/nothing'), { message: /nothing.*metrics\.jsonl/ });
  const again = await t.throwsAsync(fit({ data, out, backend: 'wasm', set: SET }));
  t.regex(again.message, /already holds a run/);
});

testWithS3(
  'stopped and resumed: the weights, moments and state of an undisturbed run',
  async (t) => {
    const out = 's3://bucket/stopped';
    const stop = new AbortController();
    const first = await fit({
      ...{ data, out, backend: 'wasm', set: SET, signal: stop.signal },
      onEvent: (event) => {
        if (event.type === 'step' && event.metrics.step === 3) stop.abort();
      },
    });
    t.true(first.interrupted);
    t.deepEqual(await completeSteps(out), [2, 3]);
    await fit({ out, resume: true, backend: 'wasm' });
    t.deepEqual(await lastOf(out), expected);
    t.true(await isTidy(out));
  },
);

for (const file of ['model.safetensors', 'optimizer.safetensors', 'complete.json']) {
  testWithS3(
    `killed when it puts ${file}: the checkpoint before is whole, and the run goes on`,
    async (t) => {
      const out = `s3://bucket/killed-${file}`;
      const args = ['--import=tsx', DIES, data, out, `step-00000004/${file}`];
      const run = await execa('node', args, { reject: false, env: { ...server.env } });
      t.is(run.signal, 'SIGKILL', run.stderr);
      t.deepEqual(await completeSteps(out), [2]);
      const model = await loadModel(out);
      t.like(JSON.parse(await readFile(join(model.path, 'config.json'), 'utf8')), {
        hidden_size: 16,
      });
      const events: FitEvent[] = [];
      await fit({
        out,
        resume: true,
        backend: 'wasm',
        onEvent: (event) => void events.push(event),
      });
      const resumed = events.find(({ type }) => type === 'resume');
      t.like(resumed, { checkpoint: `${out}/checkpoints/step-00000002` });
      t.deepEqual(await lastOf(out), expected);
      t.true(await isTidy(out));
    },
  );
}

testWithS3('a damaged checkpoint is skipped for the one before it', async (t) => {
  const out = 's3://bucket/damaged';
  await fit({ data, out, backend: 'wasm', set: SET });
  const path = joinPlace(out, LAST, 'model.safetensors');
  const content = await remoteStorage().read(path);
  content[content.length - 1] ^= 1;
  await writePlace(path, (file) => file.write(content));
  await t.throwsAsync(loadModel(out), { message: /sha256 is not the one/ });
  const events: FitEvent[] = [];
  await fit({ out, resume: true, backend: 'wasm', onEvent: (event) => void events.push(event) });
  t.like(
    events.find(({ type }) => type === 'skip-checkpoint'),
    { checkpoint: `${out}/${LAST}` },
  );
  t.deepEqual(await lastOf(out), expected);
});

testWithS3(
  'a second process, another place and a checkpoint that is not complete are refused',
  async (t) => {
    const out = 's3://bucket/locked';
    const lock = await takeLock({ folder: joinPlace(out, '.lock'), what: out });
    const running = await t.throwsAsync(fit({ data, out, backend: 'wasm', set: SET }));
    t.is((running as CodecLmError).code, 'OUTPUT_IN_USE');
    await lock.release();
    await writePlace('s3://bucket/other/a.txt', (file) => file.write(Buffer.from('x')));
    await t.throwsAsync(fit({ data, out: 's3://bucket/other', backend: 'wasm', set: SET }), {
      message: /holds no run of the trainer/,
    });
    const error = await t.throwsAsync(loadModel('s3://bucket/other'), { instanceOf: CodecLmError });
    t.regex((error as CodecLmError).message, /holds no complete checkpoint/);
  },
);

testWithS3(
  'what a command fetched of a checkpoint is gone when it ends, also by a signal',
  async (t) => {
    const out = 's3://bucket/fetched';
    await fit({ data, out, backend: 'wasm', set: [...SETTINGS, 'train.steps=2'] });
    const folder = await temporaryFolder(t);
    // One that a killed process has left long ago, one that it has left just now, one of a running process.
    const gone = (await execa('node', ['-e', 'console.log(process.pid)'])).stdout;
    const [old, recent, ours] = [`aaaa-${gone}`, `bbbb-${gone}-x1`, `cccc-${process.pid}`].map(
      (name) => join(folder, `codec-lm-checkpoint-${name}`),
    );
    for (const path of [old, recent, ours]) await mkdir(path);
    for (const path of [old, ours]) await utimes(path, 1, 1);
    const env = { TMPDIR: folder };
    const file = join(work, 'document.bin');
    await writeFile(file, 'text');
    const names = async () =>
      (await readdir(folder))
        .filter((name) => name.startsWith('codec-lm-'))
        .map((name) => join(folder, name))
        .sort();
    const scored = await execa('node', [TRAINER, 'score', '--checkpoint', out, file], {
      env,
      reject: false,
    });
    t.regex(String(scored.stderr) + String(scored.stdout), /document\.bin/);
    t.deepEqual(await names(), [recent, ours].sort());
    const served = execa('node', [TRAINER, 'serve', '--checkpoint', out, '--port', '0'], {
      env,
      reject: false,
    });
    await once(served.stderr!, 'data');
    while ((await names()).length < 3) await sleep(20);
    served.kill('SIGTERM');
    const { exitCode } = await served;
    t.true(exitCode === 143 || exitCode === 0, String(exitCode));
    t.deepEqual(await names(), [recent, ours].sort());
  },
);
