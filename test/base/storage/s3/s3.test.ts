/** Object storage against a real server, moto. */
import { randomBytes } from 'node:crypto';
import test from 'ava';
import { joinPlace, remoteStorage, writePlace } from '../../../../base/storage/index.ts';
import { hasMoto, makeBucket, type S3Server, startS3 } from '../../../helpers/s3-server.ts';
import { testWithS3 } from '../../../helpers/s3-test.ts';

const storage = remoteStorage();

let server: S3Server;

test.before(async () => {
  if (!hasMoto()) return;
  server = await startS3();
  Object.assign(process.env, server.env);
  await makeBucket(server, 'bucket');
});
test.after.always(() => server?.stop());

testWithS3('an object is written, found, read, listed and removed', async (t) => {
  const place = 's3://bucket/a/ü +(1).txt';
  const content = Buffer.from('hello');
  t.deepEqual(await writePlace(place, (file) => file.write(content)), {
    bytes: 5,
    sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  });
  t.like(await storage.find(place), { isFolder: false, size: 5 });
  t.like(await storage.find('s3://bucket/a'), { isFolder: true });
  t.is(await storage.find('s3://bucket/none'), undefined);
  t.deepEqual(await storage.read(place), content);
  t.deepEqual(await storage.names('s3://bucket/a'), ['ü +(1).txt']);
  t.true((await storage.names('s3://bucket/')).includes('a'));
  t.deepEqual(await storage.names('s3://bucket/none'), []);
  const file = await storage.open(place);
  t.is(file.size, 5);
  t.is((await file.read(1, 3)).toString(), 'ell');
  await t.throwsAsync(file.read(3, 3), { instanceOf: RangeError });
  await storage.remove(place);
  await storage.remove(place);
  await t.throwsAsync(storage.read(place), { code: 'INPUT_NOT_FOUND', message: /no such object/ });
});

testWithS3('a large object goes in parts, is the same, and leaves no upload', async (t) => {
  const content = randomBytes(19 * 2 ** 20);
  const place = 's3://bucket/large/object';
  await writePlace(place, async (file) => {
    for (let at = 0; at < content.length; at += 2 ** 20) {
      await file.write(content.subarray(at, at + 2 ** 20));
    }
  });
  t.true((await storage.read(place)).equals(content));
  const failed = writePlace('s3://bucket/large/failed', async (file) => {
    await file.write(content);
    await file.write(content);
    throw new Error('stopped');
  });
  await t.throwsAsync(failed, { message: 'stopped' });
  t.is(await storage.find('s3://bucket/large/failed'), undefined);
  t.deepEqual(await storage.client.uploads('bucket', ''), []);
});

testWithS3('uploads that a killed process has left are found and aborted', async (t) => {
  const key = 'left/part-00001.parquet';
  const id = await storage.client.beginUpload({ bucket: 'bucket', key });
  await storage.client.uploadPart({ bucket: 'bucket', key }, id, 1, Buffer.alloc(10));
  await storage.abortUploads('s3://bucket/left', () => false);
  t.is((await storage.client.uploads('bucket', 'left/')).length, 1);
  await storage.abortUploads('s3://bucket/left', (name) => name === 'part-00001.parquet');
  t.deepEqual(await storage.client.uploads('bucket', 'left/'), []);
});

testWithS3('of many that put an object only if none is there, one does', async (t) => {
  const place = 's3://bucket/once';
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, i) => storage.putIfAbsent(place, Buffer.from(`writer ${i}`))),
  );
  t.is(outcomes.filter(Boolean).length, 1);
  t.is((await storage.read(place)).toString(), `writer ${outcomes.indexOf(true)}`);
});

testWithS3('an object is replaced only while it is the known one', async (t) => {
  const name = { bucket: 'bucket', key: 'versioned' };
  const etag = await storage.client.put(name, Buffer.from('1'));
  t.truthy(await storage.client.put(name, Buffer.from('2'), { etag: etag! }));
  t.is(await storage.client.put(name, Buffer.from('3'), { etag: etag! }), undefined);
  await storage.client.remove(name);
  t.is(await storage.client.put(name, Buffer.from('4'), { etag: etag! }), undefined);
});

testWithS3('listings of thousands come in pages, in order, and all can be removed', async (t) => {
  const names = Array.from({ length: 1100 }, (_, i) => `${String(i).padStart(5, '0')} &<x>.jpg`);
  for (let at = 0; at < names.length; at += 100) {
    const some = names.slice(at, at + 100);
    await Promise.all(
      some.map((name) =>
        storage.client.put({ bucket: 'bucket', key: `many/${name}` }, Buffer.from('x')),
      ),
    );
  }
  const found: string[] = [];
  for await (const { name, size } of storage.listAll('s3://bucket/many')) {
    t.is(size, 1);
    found.push(name);
  }
  t.deepEqual(found, names);
  await storage.removeAll(joinPlace('s3://bucket', 'many'));
  t.deepEqual(await storage.names('s3://bucket/many'), []);
});

testWithS3('a bucket that does not exist is told apart from an object', async (t) => {
  await t.throwsAsync(storage.read('s3://no-bucket/a'), {
    code: 'INPUT_NOT_FOUND',
    message: 'reading s3://no-bucket/a: there is no such bucket',
  });
  await t.throwsAsync(
    writePlace('s3://no-bucket/a', (file) => file.write(Buffer.from('a'))),
    {
      code: 'OUTPUT_UNWRITABLE',
      message: /there is no such bucket/,
    },
  );
  await t.throwsAsync(storage.putIfAbsent('s3://no-bucket/a', Buffer.from('a')), {
    code: 'OUTPUT_UNWRITABLE',
  });
});

testWithS3('an object above the limit is not read', async (t) => {
  await writePlace('s3://bucket/limit', (file) => file.write(Buffer.alloc(100)));
  t.is((await storage.read('s3://bucket/limit', { limit: 100 })).length, 100);
  await t.throwsAsync(storage.read('s3://bucket/limit', { limit: 99 }), {
    code: 'INPUT_UNREADABLE',
    message: /too large/,
  });
});
