/** Object storage that fails: every fault is sat out, or told with a code. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { remoteStorage, writePlace } from '../../../../base/storage/index.ts';
import { Pressure } from '../../../../base/storage/s3/pressure.ts';
import { pauseAfter } from '../../../../base/storage/s3/retry.ts';
import { S3Storage } from '../../../../base/storage/s3/s3.ts';
import { type FaultProxy, SLOW_DOWN, startProxy } from '../../../helpers/fault-proxy.ts';
import { hasMoto, makeBucket, type S3Server, startS3 } from '../../../helpers/s3-server.ts';
import { testWithS3 } from '../../../helpers/s3-test.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { testLong } from '../../../helpers/tools.ts';

let server: S3Server;
let proxy: FaultProxy;
const storage = remoteStorage();

// One after the other: they share the proxy.
test.before(async () => {
  if (!hasMoto()) return;
  server = await startS3();
  proxy = await startProxy(server.endpoint);
  Object.assign(process.env, server.env, { AWS_ENDPOINT_URL: proxy.endpoint });
  await makeBucket(server, 'bucket');
});
test.beforeEach(() => {
  if (proxy) proxy.faults = {};
});
test.after.always(async () => {
  await proxy?.stop();
  server?.stop();
});

const error = (status: number, code: string) => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>for the test</Message></Error>`,
});

/** What can be seen only one at a time, in one test with parts. */
testWithS3('faults of the storage', async (t) => {
  await t.notThrowsAsync(writePlace('s3://bucket/first', (file) => file.write(Buffer.from('1'))));

  t.log(
    '500 and 503 at 5 % and more, half of them after the request was carried out; bodies that end early',
  );
  proxy.faults = { errors: 0.1, cuts: 0.1 };
  const contents = Array.from({ length: 60 }, () => randomBytes(5_000));
  const puts = contents.map((content, i) =>
    storage.putIfAbsent(`s3://bucket/faults/${i}`, content),
  );
  t.deepEqual(
    await Promise.all(puts),
    contents.map(() => true),
  );
  const read = await Promise.all(contents.map((_, i) => storage.read(`s3://bucket/faults/${i}`)));
  t.true(read.every((content, i) => content.equals(contents[i])));
  const large = randomBytes(18 * 2 ** 20);
  await writePlace('s3://bucket/faults/large', (file) => file.write(large));
  t.true((await storage.read('s3://bucket/faults/large')).equals(large));
  proxy.faults = {};
  for (const { key, id } of await storage.client.uploads('bucket', '')) {
    // An upload whose beginning was answered with an error is nobody's: a run aborts it at its end.
    await storage.client.abortUpload({ bucket: 'bucket', key }, id);
  }
  t.deepEqual(await storage.client.uploads('bucket', ''), []);

  t.log('SlowDown: fewer requests in flight');
  let slow = 40;
  proxy.faults = { latencyMs: 20, instead: () => (slow-- > 0 ? SLOW_DOWN : undefined) };
  const gets = Array.from({ length: 60 }, (_, i) => storage.read(`s3://bucket/faults/${i}`));
  await Promise.all(gets);
  proxy.most = 0;
  await Promise.all(Array.from({ length: 60 }, (_, i) => storage.read(`s3://bucket/faults/${i}`)));
  t.true(proxy.most < 60, `${proxy.most} in flight after SlowDown`);

  t.log('the network is away for a while');
  proxy.faults = { isAway: true };
  const waiting = storage.read('s3://bucket/first');
  await sleep(3_000);
  proxy.faults = {};
  t.is((await waiting).toString(), '1');

  t.log('a bucket that may only be read');
  proxy.faults = {
    instead: ({ method }) => (method === 'PUT' ? error(403, 'AccessDenied') : undefined),
  };
  await t.throwsAsync(
    writePlace('s3://bucket/x', (file) => file.write(Buffer.from('x'))),
    {
      code: 'OUTPUT_UNWRITABLE',
      message: /not allowed \(the storage says AccessDenied\)/,
    },
  );

  t.log('credentials that expire, and that a file renews');
  proxy.faults = { instead: () => error(400, 'ExpiredToken') };
  await t.throwsAsync(storage.read('s3://bucket/first'), {
    code: 'STORAGE_CREDENTIALS',
    message: /the credentials have expired/,
  });
  const path = join(await temporaryFolder(t), 'credentials');
  const keys = (id: string) => `[default]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`;
  await writeFile(path, keys('OLD'));
  const { AWS_ACCESS_KEY_ID } = process.env;
  delete process.env.AWS_ACCESS_KEY_ID;
  process.env.AWS_SHARED_CREDENTIALS_FILE = path;
  proxy.faults = {
    latencyMs: 300,
    instead: ({ headers }) =>
      headers.authorization?.includes('OLD') ? error(400, 'ExpiredToken') : undefined,
  };
  const renewed = storage.read('s3://bucket/first');
  await sleep(100);
  await writeFile(path, keys('NEW'));
  t.is((await renewed).toString(), '1');
  process.env.AWS_ACCESS_KEY_ID = AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SHARED_CREDENTIALS_FILE;

  t.log('another region');
  const region = {
    ...error(301, 'PermanentRedirect'),
    headers: { 'x-amz-bucket-region': 'eu-west-1' },
  };
  proxy.faults = { instead: () => region };
  const elsewhere = await t.throwsAsync(storage.read('s3://bucket/first'), { code: 'USAGE' });
  t.regex(String((elsewhere as { hint?: string }).hint), /AWS_REGION=eu-west-1/);

  t.log('an address where nobody is');
  proxy.faults = {};
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9';
  await t.throwsAsync(new S3Storage().read('s3://bucket/first'), {
    code: 'STORAGE_UNAVAILABLE',
    message: /no connection/,
  });
  process.env.AWS_ENDPOINT_URL = proxy.endpoint;
});

test('requests in flight: halved by SlowDown at most twice a second, and growing again', async (t) => {
  let now = 0;
  const pressure = new Pressure(() => now);
  const whole = pressure.limit;
  pressure.slowDown();
  pressure.slowDown();
  t.is(pressure.limit, whole / 2);
  for (let i = 0; i < 20; i++) {
    now += 1000;
    pressure.slowDown();
  }
  t.is(pressure.limit, 1);
  let inFlight = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inFlight);
    await sleep(1);
    inFlight--;
  };
  await Promise.all(Array.from({ length: 20 }, () => pressure.run(work)));
  t.is(most, 1);
  for (let i = 0; i < 10_000; i++) pressure.succeeded();
  t.is(pressure.limit, whole);
});

test('pauses grow, are random, and stay below ten seconds', (t) => {
  t.is(
    pauseAfter(1, () => 0.5),
    100,
  );
  t.is(
    pauseAfter(3, () => 0.5),
    400,
  );
  t.true(pauseAfter(40, () => 1) < 10_000);
});

testLong('the network is away for a minute, and nothing is lost', async (t) => {
  if (!hasMoto()) return void t.pass();
  await storage.putIfAbsent('s3://bucket/minute', Buffer.from('1'));
  proxy.faults = { isAway: true };
  const waiting = storage.putIfAbsent('s3://bucket/after-a-minute', Buffer.from('2'));
  await sleep(60_000);
  proxy.faults = {};
  t.true(await waiting);
});
