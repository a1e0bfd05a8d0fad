import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { NodeCache } from '../../../../base/storage/cache/node-cache.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

test('a piece is fetched once, also when many want it at the same time', async (t) => {
  const folder = await temporaryFolder(t);
  const caches = await Promise.all([1, 2, 3].map(() => NodeCache.open(folder, 1e9)));
  const piece = randomBytes(50_000);
  let fetches = 0;
  const fetch = async () => {
    fetches++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return piece;
  };
  const found = await Promise.all([...caches, ...caches].map((cache) => cache.get('a', fetch)));
  t.true(found.every((bytes) => bytes.equals(piece)));
  t.is(fetches, 1);
});

test('a piece that was damaged on the disk is fetched again, and counted', async (t) => {
  const folder = await temporaryFolder(t);
  const cache = await NodeCache.open(folder, 1e9);
  const piece = randomBytes(1000);
  await cache.get('a', async () => piece);
  const [name] = await readdir(folder);
  const stored = await readFile(join(folder, name));
  stored[500] ^= 1;
  await writeFile(join(folder, name), stored);
  t.deepEqual(await cache.get('a', async () => piece), piece);
  t.like(cache.counts, { damaged: 1, fetched: 2 });
});

test('what was used longest ago goes first, and what is in use stays', async (t) => {
  const folder = await temporaryFolder(t);
  const cache = await NodeCache.open(folder, 100_000);
  for (let i = 0; i < 20; i++) await cache.get(String(i), async () => randomBytes(10_000));
  t.is(cache.counts.evicted, 0, 'all were used in this second');
  t.is((await readdir(folder)).length, 20);
  const old = new Date(Date.now() - 3_600_000);
  for (const name of await readdir(folder)) await utimes(join(folder, name), old, old);
  await cache.get('3', async () => t.fail('it is there') as never);
  await cache.get('new', async () => randomBytes(10_000));
  const left = await readdir(folder);
  t.true(left.length <= 10);
  await cache.get('3', async () => t.fail('it was used last') as never);
});

test('a failed fetch leaves nothing, and a claim of a dead process is taken over', async (t) => {
  const folder = await temporaryFolder(t);
  const cache = await NodeCache.open(folder, 1e9);
  const failing = cache.get('a', async () => Promise.reject(new Error('away')));
  await t.throwsAsync(failing, { message: 'away' });
  t.deepEqual(await readdir(folder), []);
  await cache.get('a', async () => randomBytes(10));
  const [name] = await readdir(folder);
  const { stdout } = await promisify(execFile)('node', ['-p', 'process.pid']);
  await writeFile(join(folder, `${name}.wanted`), stdout.trim());
  await utimes(join(folder, name), 0, 0);
  await promisify(execFile)('rm', [join(folder, name)]);
  t.is((await cache.get('a', async () => randomBytes(10))).length, 10);
});

test('a disk that takes nothing costs speed, not the run', async (t) => {
  const folder = await temporaryFolder(t);
  const cache = await NodeCache.open(folder, 0);
  t.is((await cache.get('a', async () => randomBytes(10))).length, 10);
});
