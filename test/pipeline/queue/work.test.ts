/** Workers that take partitions from a queue, one of them killed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import {
  hashesOf,
  makeExpected,
  PIPELINE,
  pipeline,
  removeFolder,
  SMALL,
} from '../../helpers/pipeline-runs.ts';
import { type RedisServer, startRedis } from '../../helpers/redis.ts';
import { hasTool, testLong, testWith } from '../../helpers/tools.ts';

const IMAGES = 60;
const hasRedis = hasTool('redis-server');
let redis: RedisServer;
let made: Awaited<ReturnType<typeof makeExpected>>;

test.before(async () => {
  if (!hasRedis) return;
  redis = await startRedis();
  made = await makeExpected(IMAGES);
});
test.after.always(async () => {
  redis?.stop();
  if (made) await removeFolder(made.work);
});

function argsOf(out: string): string[] {
  return [made.corpus, '--out', out, ...SMALL, '--queue', redis.address];
}

/** Three workers; one is killed as soon as it has a lease. */
async function runWithKill(out: string): Promise<{ killed: number; secondsAfter: number }> {
  const worker = () =>
    execa('node', [PIPELINE, 'run', 'images', ...argsOf(out), '--json'], { reject: false });
  const workers = [worker(), worker(), worker()];
  const pids = new Set(workers.map(({ pid }) => pid));
  let victim: number | undefined;
  while (victim === undefined) {
    const { leases, done } = await statusOf(out);
    victim = leases
      .map((lease) => Number(lease.worker.split(':').at(-1)))
      .find((pid) => pids.has(pid));
    if (done) break;
    await sleep(50);
  }
  const at = performance.now();
  if (victim !== undefined) process.kill(victim, 'SIGKILL');
  const results = await Promise.all(workers);
  const killed = results.filter(({ signal }) => signal === 'SIGKILL').length;
  for (const { exitCode, signal, stderr } of results) {
    if (exitCode !== 0 && signal !== 'SIGKILL') throw new Error(String(stderr));
  }
  return { killed, secondsAfter: (performance.now() - at) / 1000 };
}

async function statusOf(out: string): Promise<{ leases: { worker: string }[]; done: boolean }> {
  const { stdout } = await pipeline(['status', out, '--queue', redis.address, '--json']);
  const { queue, state } = JSON.parse(String(stdout));
  return { leases: queue?.leases ?? [], done: state === 'complete' };
}

testWith(
  'redis-server',
  'three workers of which one is killed give the bytes of a plain run',
  async (t) => {
    const out = join(made.work, 'queued');
    const plan = await pipeline(['plan', 'images', ...argsOf(out)]);
    t.is(plan.exitCode, 0, String(plan.stderr));
    const { killed } = await runWithKill(out);
    t.is(killed, 1);
    t.deepEqual(await hashesOf(out), made.expected);
    const again = await pipeline(['run', 'images', ...argsOf(out)]);
    t.regex(String(again.stderr), /is complete already/);
  },
);

testWith(
  'redis-server',
  'a worker finds no plan, no server, or options that a queue excludes: it says so',
  async (t) => {
    const out = join(made.work, 'none');
    const unplanned = await pipeline(['run', 'images', ...argsOf(out)]);
    t.regex(String(unplanned.stderr), /not planned yet.*\[DATASET_INCOMPLETE\]/);
    const wrong = await pipeline(['run', 'images', ...argsOf(out), '--retry-failed']);
    t.regex(String(wrong.stderr), /--queue does not go with --retry-failed.*\[USAGE\]/);
    const address = 'redis://user:pass-word@127.0.0.1:1';
    const away = await pipeline([
      'plan',
      'images',
      made.corpus,
      '--out',
      out,
      ...SMALL,
      '--queue',
      address,
    ]);
    t.regex(String(away.stderr), /does not answer.*\[STORAGE_UNAVAILABLE\]/);
    t.false(String(away.stderr).includes('pass-word'));
  },
);

testLong(
  'twenty times a worker is killed, and each time the bytes are those of a plain run',
  async (t) => {
    for (let i = 0; i < 20; i++) {
      const out = join(made.work, `killed-${i}`);
      t.is((await pipeline(['plan', 'images', ...argsOf(out)])).exitCode, 0);
      await runWithKill(out);
      t.deepEqual(await hashesOf(out), made.expected);
      await rm(out, { recursive: true });
    }
  },
);
