/** Runs whose storage refuses: credentials that expire in the middle, buckets that may only be read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { remoteStorage } from '../../base/storage/index.ts';
import { SLOW_DOWN } from '../helpers/fault-proxy.ts';
import { pipeline, SMALL } from '../helpers/pipeline-runs.ts';
import { useCorpusBucket } from '../helpers/s3-bucket.ts';
import { hashesAt } from '../helpers/s3-data.ts';
import { SECRETS } from '../helpers/s3-server.ts';
import { testWithS3 } from '../helpers/s3-test.ts';

const s3 = useCorpusBucket(60);

const refused = (status: number, code: string) => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>for the test</Message></Error>`,
});

const OLD = 'ASIAOLDOLDOLDOLD';
const NEW = 'ASIANEWNEWNEWNEW';

/** Refuses the old keys as soon as the first partition is complete. */
function expireAfterFirstPartition(status: number, onExpiry: () => void = () => undefined) {
  let isExpired = false;
  s3.proxy.faults = {
    latencyMs: 5,
    instead({ method, url, headers }) {
      if (!headers.authorization?.includes(OLD)) return undefined;
      if (isExpired) return refused(status, 'ExpiredToken');
      if (method === 'PUT' && url?.includes('/stats/')) {
        isExpired = true;
        onExpiry();
      }
      return undefined;
    },
  };
}

function run(out: string, env: Record<string, string>) {
  const args = ['run', 'images', 's3://bucket/corpus', '--out', out, ...SMALL];
  return pipeline(args, { env: { AWS_ENDPOINT_URL: s3.proxy.endpoint, ...env } });
}

testWithS3('keys that expire in the middle end the run; with new ones it goes on', async (t) => {
  const out = 's3://bucket/expired';
  expireAfterFirstPartition(403);
  const keys = (id: string) => ({ AWS_ACCESS_KEY_ID: id, AWS_SESSION_TOKEN: `token of ${id}` });
  const first = await run(out, keys(OLD));
  t.is(first.exitCode, 2, String(first.stderr));
  t.regex(
    String(first.stderr),
    /the credentials have expired.*ExpiredToken.*\[STORAGE_CREDENTIALS\]/,
  );
  t.regex(String(first.stderr), /renew them and run the same command again/);
  t.false(String(first.stderr).includes(SECRETS.secret));
  const kept = await remoteStorage().names(`${out}/stats`);
  t.true(kept.length > 0);
  const second = await run(out, keys(NEW));
  t.is(second.exitCode, 0, String(second.stderr));
  t.deepEqual(await hashesAt(out), s3.expected);
  t.deepEqual(await remoteStorage().client.uploads('bucket', 'expired/'), []);
});

testWithS3('keys that their file renews in time do not stop the run', async (t) => {
  const out = 's3://bucket/renewed';
  const file = join(s3.work, 'credentials');
  const content = (id: string) =>
    `[work]\naws_access_key_id = ${id}\naws_secret_access_key = s\naws_session_token = t-${id}\n`;
  await writeFile(file, content(OLD));
  let renewed = Promise.resolve();
  // The tool that renews them is a moment earlier than the storage.
  expireAfterFirstPartition(400, () => {
    renewed = writeFile(file, content(NEW));
  });
  const found = await run(out, {
    AWS_ACCESS_KEY_ID: '',
    AWS_PROFILE: 'work',
    AWS_SHARED_CREDENTIALS_FILE: file,
  });
  await renewed;
  t.is(found.exitCode, 0, String(found.stderr));
  t.deepEqual(await hashesAt(out), s3.expected);
});

testWithS3('a bucket that may only be read, or that is gone, is told at once', async (t) => {
  s3.proxy.faults = {
    instead: ({ method }) =>
      method === 'GET' || method === 'HEAD' ? undefined : refused(403, 'AccessDenied'),
  };
  const readOnly = await run('s3://bucket/read-only', {});
  t.is(readOnly.exitCode, 2, String(readOnly.stderr));
  t.regex(String(readOnly.stderr), /not allowed.*AccessDenied.*\[OUTPUT_UNWRITABLE\]/);
  t.regex(String(readOnly.stderr), /may only read it: s3:PutObject and s3:DeleteObject are needed/);
  s3.proxy.faults = {};
  const missing = await run('s3://missing-bucket/ds', {});
  t.is(missing.exitCode, 2);
  t.regex(String(missing.stderr), /there is no such bucket.*\[OUTPUT_UNWRITABLE\]/);
});

testWithS3('a bucket that says SlowDown is asked by fewer at once', async (t) => {
  const read = async () => {
    const names = (await remoteStorage().names('s3://bucket/corpus')).filter((name) =>
      name.endsWith('.jpg'),
    );
    const places = [...names, ...names, ...names].map((name) => `s3://bucket/corpus/${name}`);
    await Promise.all(places.map((place) => remoteStorage().read(place)));
  };
  process.env.AWS_ENDPOINT_URL = s3.proxy.endpoint;
  s3.proxy.faults = { latencyMs: 30 };
  s3.proxy.most = 0;
  await read();
  const before = s3.proxy.most;
  t.true(before > 48, `${before} at once while all is well`);
  let slow = 30;
  s3.proxy.faults = { latencyMs: 30, instead: () => (slow-- > 0 ? SLOW_DOWN : undefined) };
  await read();
  s3.proxy.faults = { latencyMs: 30 };
  s3.proxy.most = 0;
  await read();
  t.true(
    s3.proxy.most <= 0.75 * before,
    `${s3.proxy.most} at once after SlowDown, ${before} before`,
  );
  process.env.AWS_ENDPOINT_URL = s3.server.endpoint;
});
