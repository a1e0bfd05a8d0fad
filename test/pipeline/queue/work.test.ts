/** Workers that take partitions from a queue, one of them killed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { readQueue } from '../../../pipeline/queue/status.ts';
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

/** Workers whose every sync of a file takes longer, so that a partition is in work for a while. */
const SLOW = {
  NODE_OPTIONS: `--import=${new URL('../slow-disk.mjs', import.meta.url).href}`,
  SLOW_DISK_MS: '150',
  SLOW_DISK_PEAK: '/dev/null',
};

/** Three workers; one is killed as soon as it has a lease. */
async function runWithKill(out: string): Promise<{ killed: number; seconds: number }> {
  const args = [PIPELINE, 'run', 'images', ...argsOf(out)];
  const workers = [1, 2, 3].map(() => execa('node', args, { reject: false, env: SLOW }));
  let isOver = false;
  const ends = Promise.all(workers).finally(() => {
    isOver = true;
  });
  let victim: number | undefined;
  while (victim === undefined && !isOver) {
    const { leases = [] } = (await readQueue(redis.address, out)) ?? {};
    const pids = leases.map(({ worker }) => Number(worker.split(':').at(-1)));
    victim = workers.find(({ pid }) => pids.includes(pid!))?.pid;
    await sleep(20);
  }
  const start = performance.now();
  if (victim !== undefined) process.kill(victim, 'SIGKILL');
  const results = await ends;
  for (const { exitCode, signal, stderr } of results) {
    if (exitCode !== 0 && signal !== 'SIGKILL') throw new Error(String(stderr));
  }
  const killed = results.filter(({ signal }) => signal === 'SIGKILL').length;
  return { killed, seconds: (performance.now() - start) / 1000 };
}

testWith(
  'redis-server',
  'three workers of which one is killed give the bytes of a plain run',
  async (t) => {
    const out = join(made.work, 'queued');
    const plan = await pipeline(['plan', 'images', ...argsOf(out)]);
    t.is(plan.exitCode, 0, String(plan.stderr));
    const { killed, seconds } = await runWithKill(out);
    t.log(`complete ${seconds.toFixed(1)} s after the kill`);
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
