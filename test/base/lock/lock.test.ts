import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { heartThread } from '../../../base/lock/heart.ts';
import { holdersOf } from '../../../base/lock/holders.ts';
import { type LockOptions, type LockWait, takeLock } from '../../../base/lock/lock.ts';
import { leaveHolder, readHolder } from '../../helpers/lock-holders.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** Twenty times as fast as in use. */
const FAST = { beatMs: 50, staleMs: 1_000 };
/** A limit for operations that must not wait: a loaded machine may need seconds for a look. */
const PATIENT = { staleMs: 60_000 };
const ELSEWHERE = { host: 'elsewhere.invalid', pid: 17 };

async function lockFolder(t: ExecutionContext): Promise<string> {
  return join(await temporaryFolder(t), 'locks');
}

async function take(folder: string, options: Partial<LockOptions> = {}) {
  return takeLock({ folder, what: 'it', ...FAST, ...options });
}

/** Milliseconds that taking it takes; released again. */
async function timeToTake(folder: string, options: Partial<LockOptions> = {}): Promise<number> {
  const start = performance.now();
  const lock = await take(folder, options);
  const time = performance.now() - start;
  await lock.release();
  return time;
}

/** A holder that beats as another machine would. */
function beatFrom(t: ExecutionContext, path: string, everyMs: number): () => void {
  let count = 0;
  const timer = setInterval(async () => {
    const holder = JSON.parse(await readFile(path, 'utf8'));
    const beat = String(++count).padStart(12, '0');
    await writeFile(`${path}.new`, `${JSON.stringify({ ...holder, beat })}\n`);
    await rename(`${path}.new`, path).catch(() => undefined);
  }, everyMs);
  t.teardown(() => clearInterval(timer));
  return () => clearInterval(timer);
}

test('a second one is refused, and after the release it is free and nothing is left', async (t) => {
  const folder = await lockFolder(t);
  const lock = await take(folder);
  t.like(await readHolder(folder), { state: 'holds', pid: process.pid, rank: 0, size: 1 });
  const error = await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE' });
  t.regex(error!.message, new RegExp(`^process ${process.pid} on .* is writing it$`));
  t.is((await readdir(folder)).length, 1, 'the second one left nothing');
  await lock.check();
  await lock.release();
  await t.throwsAsync(stat(folder), { code: 'ENOENT' });
  await (await take(folder)).release();
});

test('the beat counts up in a file that is always whole, and keeps its length', async (t) => {
  const folder = await lockFolder(t);
  const lock = await take(folder);
  const { size } = await stat(lock.path);
  let last = '';
  let changes = 0;
  for (const end = performance.now() + 600; performance.now() < end; ) {
    const { beat } = await readHolder(folder);
    if (beat > last) changes++;
    t.true(beat >= last);
    last = beat;
  }
  t.true(changes >= 4, `${changes} beats`);
  t.is((await stat(lock.path)).size, size);
  await lock.release();
});

test('the lock of a dead process of this machine is taken over at once', async (t) => {
  const folder = await lockFolder(t);
  await leaveHolder(folder, { pid: 2 ** 30 });
  t.true((await timeToTake(folder, PATIENT)) < PATIENT.staleMs / 2);
  // Its number was given to this very process.
  await leaveHolder(folder, { startTime: '1' });
  t.true((await timeToTake(folder, PATIENT)) < PATIENT.staleMs / 2);
  // One that died in a takeover, its draft too.
  await leaveHolder(folder, { state: 'wants', pid: 2 ** 30 });
  await writeFile(join(folder, '.rank-0.0123.json.tmp'), '{"sta');
  t.true((await timeToTake(folder, PATIENT)) < PATIENT.staleMs / 2);
  await t.throwsAsync(stat(folder), { code: 'ENOENT' });
});

for (const [where, fields] of [
  ['on another machine', ELSEWHERE],
  ['in another container', { namespace: 'pid:[1]' }],
  ['before this machine started', { boot: 'another' }],
] as const) {
  test(`a silent process ${where} is watched, and dead after the stale time`, async (t) => {
    const folder = await lockFolder(t);
    await leaveHolder(folder, fields);
    const waits: LockWait[] = [];
    const staleMs = 2_000;
    const time = await timeToTake(folder, { staleMs, onWait: (wait) => waits.push(wait) });
    t.true(time >= staleMs, `${time} ms`);
    t.true(waits.length >= 2);
    t.regex(waits[0].who, /^process \d+ on /);
    t.is(waits[0].silentMs, 0);
    t.true(waits[1].silentMs > waits[0].silentMs && waits[1].silentMs < waits[1].staleMs);
  });
}

test('a process elsewhere whose beat goes on is not taken over', async (t) => {
  const folder = await lockFolder(t);
  beatFrom(t, await leaveHolder(folder, ELSEWHERE), 100);
  const start = performance.now();
  const error = await t.throwsAsync(take(folder, PATIENT), { code: 'OUTPUT_IN_USE' });
  t.regex(error!.message, /process 17 on elsewhere\.invalid is writing it/);
  t.true(performance.now() - start < PATIENT.staleMs, 'said as soon as a beat was seen');
});

test('times of files decide nothing: neither an hour ahead nor years behind', async (t) => {
  const folder = await lockFolder(t);
  for (const seconds of [3_600, -100_000_000]) {
    const at = new Date(Date.now() + seconds * 1000);
    // A silent one is watched, whenever it seems to have been written …
    const silent = await leaveHolder(folder, ELSEWHERE);
    await utimes(silent, at, at);
    t.true((await timeToTake(folder)) >= FAST.staleMs);
    // … also when its time is set while it is watched; a living one lives.
    const living = await leaveHolder(folder, ELSEWHERE);
    const stop = beatFrom(t, living, 100);
    const jump = setInterval(() => utimes(living, at, at).catch(() => undefined), 20);
    await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE' });
    clearInterval(jump);
    stop();
    await sleep(150);
    await rm(folder, { recursive: true });
  }
});

test.serial('our own clock may jump: the holder goes on, and the lock stays taken', async (t) => {
  const folder = await lockFolder(t);
  const { now } = Date;
  const lock = await take(folder);
  for (const jump of [86_400_000, -86_400_000]) {
    Date.now = () => now() + jump;
    await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE' });
    await leaveHolder(folder, { ...ELSEWHERE, rank: 3 });
    await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE' });
    await lock.check();
    Date.now = now;
  }
  await lock.release();
});

for (const [what, content] of [
  ['an empty file', ''],
  ['a file that was cut short', '{"state":"holds","beat":"0000'],
  ['a file of zeros', '\0'.repeat(200)],
]) {
  test(`${what} is watched like a silent holder`, async (t) => {
    const folder = await lockFolder(t);
    await mkdir(folder);
    const path = join(folder, 'rank-0.00112233445566778899aabbccddeeff.json');
    await writeFile(path, content);
    t.true((await timeToTake(folder)) >= FAST.staleMs);
    await mkdir(folder);
    await writeFile(path, content);
    const write = setInterval(() => writeFile(path, `${content}${Math.random()}`), 100);
    await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE', message: /another process/ });
    clearInterval(write);
  });
}

test('whoever waits for a silent process can be stopped, and leaves nothing', async (t) => {
  const folder = await lockFolder(t);
  await leaveHolder(folder, ELSEWHERE);
  const stop = new AbortController();
  setTimeout(() => stop.abort(130), 300);
  await t.throwsAsync(take(folder, { signal: stop.signal }), { code: 'INTERRUPTED' });
  t.is((await readdir(folder)).length, 1);
});

test('ranks of one world share it; all others are refused, and the dead leave when the last one goes', async (t) => {
  const folder = await lockFolder(t);
  await leaveHolder(folder, { rank: 3, size: 4, pid: 2 ** 30 });
  const locks = [];
  for (const rank of [0, 1, 2]) locks.push(await take(folder, { rank, size: 4 }));
  for (const ranks of [
    { rank: 1, size: 4 },
    { rank: 3, size: 5 },
    { rank: 0, size: 1 },
  ]) {
    const error = await t.throwsAsync(take(folder, ranks), { code: 'OUTPUT_IN_USE' });
    t.regex(error!.message, /\(rank \d of 4\) is writing it/);
  }
  const seen = (await holdersOf(folder)).map(({ rank, size }) => `${rank}/${size}`);
  t.deepEqual(seen.sort(), ['0/4', '1/4', '2/4']);
  for (const lock of locks) await lock.release();
  t.deepEqual(await holdersOf(folder), []);
  await t.throwsAsync(stat(folder), { code: 'ENOENT' });
});

test('a lock whose file is gone is lost: check and signal say so, and release does no harm', async (t) => {
  const folder = await lockFolder(t);
  const lock = await take(folder, { beatMs: 3_600_000 });
  await rm(lock.path);
  const other = await take(folder);
  t.false(lock.signal.aborted, 'no beat has come yet');
  const error = await t.throwsAsync(lock.check(), { code: 'LOCK_LOST' });
  t.regex(error!.message, /^lost the lock of it: .* is gone$/);
  t.true(lock.signal.aborted);
  t.is(lock.signal.reason, error);
  await lock.release();
  await other.check();
  t.like(await readHolder(folder), { token: other.holder.token });
  await other.release();
});

test('another token in our file: the next beat finds it, leaves it, and so does the release', async (t) => {
  const folder = await lockFolder(t);
  const lock = await take(folder);
  const text = (await readFile(lock.path, 'utf8')).replace(lock.holder.token, 'f'.repeat(32));
  await writeFile(`${lock.path}.new`, text);
  await rename(`${lock.path}.new`, lock.path);
  while (!lock.signal.aborted) await sleep(10);
  t.like(lock.signal.reason, { code: 'LOCK_LOST' });
  await t.throwsAsync(lock.check(), { code: 'LOCK_LOST' });
  await sleep(3 * FAST.beatMs);
  await lock.release();
  t.is(await readFile(lock.path, 'utf8'), text);
});

test('the beat is not on the main thread', async (t) => {
  const folder = await lockFolder(t);
  const lock = await take(folder);
  await sleep(500);
  const before = await readHolder(folder);
  for (const end = performance.now() + 500; performance.now() < end; );
  const after = await readHolder(folder);
  t.true(Number(after.beat) - Number(before.beat) >= 3, `${before.beat} ${after.beat}`);
  await lock.release();
});

test.serial('a heartbeat whose thread dies ends the lock', async (t) => {
  const folder = await lockFolder(t);
  const lock = await take(folder);
  await heartThread()!.terminate();
  while (!lock.signal.aborted) await sleep(5);
  const error = await t.throwsAsync(lock.check(), { code: 'LOCK_LOST' });
  t.regex(error!.message, /has no heartbeat any more/);
  await lock.release();
  // The next lock has a new one.
  const next = await take(folder);
  await sleep(1_000);
  await next.check();
  t.not((await readHolder(folder)).beat, '0'.repeat(12));
  await next.release();
});

test.serial('a lock that follows one that was lost and released keeps its heartbeat', async (t) => {
  const lost = await take(await lockFolder(t));
  await rm(lost.path);
  while (!lost.signal.aborted) await sleep(5);
  await lost.release();
  const next = await take(await lockFolder(t), PATIENT);
  // An idle thread ends after two seconds; this one is not idle.
  await sleep(2_500);
  await next.check();
  t.false(next.signal.aborted);
  await next.release();
});

test('files of version 0.1 are refused with a hint while they are young, and dead after 90 s', async (t) => {
  const folder = await lockFolder(t);
  await mkdir(folder);
  const path = join(folder, 'rank-2.json');
  await writeFile(path, '{"host":"node-2","pid":17,"rank":2,"size":4}\n');
  const error = await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE' });
  t.regex(error!.message, /process 17 on node-2 \(rank 2 of 4\) is writing it/);
  t.regex((error as { hint?: string }).hint!, /an earlier version .*rank-2\.json.* 90 s/);
  t.deepEqual(await holdersOf(folder), [{ host: 'node-2', pid: 17, rank: 2, size: 4 }]);
  await (await take(folder, { rank: 1, size: 4 })).release();
  const longAgo = new Date(Date.now() - 91_000);
  await utimes(path, longAgo, longAgo);
  await (await take(folder)).release();
  await t.throwsAsync(stat(folder), { code: 'ENOENT' });
  // In place of the folder, as a run had it.
  await writeFile(folder, '{"pid":17,"host":"node-2"}');
  await t.throwsAsync(take(folder), { code: 'OUTPUT_IN_USE', message: /process 17 on node-2 is/ });
  await utimes(folder, longAgo, longAgo);
  await (await take(folder)).release();
});
