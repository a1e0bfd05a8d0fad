/** Copies of far videos: fetched once for their clips, and gone when nobody reads them any more. */
import { access, readFile } from 'node:fs/promises';
import test from 'ava';
import { Copies } from '../../../pipeline/clips/copies.ts';

/** Counts what is fetched. */
function fetcher(content: string) {
  const fetch = async () => {
    fetch.count++;
    return Buffer.from(content);
  };
  fetch.count = 0;
  return fetch;
}

const isThere = (path: Buffer) =>
  access(path).then(
    () => true,
    () => false,
  );

test('clips of a video share a copy, at once and one after the other', async (t) => {
  const copies = new Copies();
  const fetch = fetcher('video');
  const read = () =>
    copies.use('a', fetch, async ({ path, size }) => `${await readFile(path, 'utf8')} ${size}`);
  t.deepEqual(await Promise.all([read(), read(), read()]), ['video 5', 'video 5', 'video 5']);
  t.is(await read(), 'video 5');
  t.is(fetch.count, 1);
  await copies.close();
});

test('two videos that nobody reads are kept, the others go; all go in the end', async (t) => {
  const copies = new Copies();
  const paths: Buffer[] = [];
  for (const key of ['a', 'b', 'c', 'd']) {
    await copies.use(key, fetcher(key), async ({ path }) => paths.push(path));
  }
  t.deepEqual(await Promise.all(paths.map(isThere)), [false, false, true, true]);
  const isRead = await copies.use('c', fetcher('c'), async ({ path }) => {
    await copies.close();
    return isThere(path);
  });
  t.true(isRead, 'a copy that is being read stays');
  t.deepEqual(await Promise.all(paths.map(isThere)), [false, false, false, false]);
});

test('no more than sixteen videos are copied at once, however many are asked for', async (t) => {
  const copies = new Copies();
  let [now, most] = [0, 0];
  const read = (i: number) =>
    copies.use(String(i), fetcher('video'), async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now--;
      return i;
    });
  const wanted = Array.from({ length: 50 }, (_, i) => i);
  t.deepEqual(await Promise.all(wanted.map(read)), wanted);
  t.is(most, 16);
  await copies.close();
});

test('a copy that cannot be fetched is an error for all who wait for it, and is tried again', async (t) => {
  const copies = new Copies();
  let tries = 0;
  const fetch = async () => {
    if (tries++ === 0) throw new Error('away');
    return Buffer.from('back');
  };
  const read = () => copies.use('a', fetch, ({ path }) => readFile(path, 'utf8'));
  const results = await Promise.allSettled([read(), read()]);
  t.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  t.is(await read(), 'back');
  t.is(tries, 2);
  await copies.close();
});
