/** A partition that kills every worker: it is given up after five of them, and named. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { connect, queueNameOf, TRIES } from '../../../pipeline/queue/queue.ts';
import {
  hashesOf,
  makeExpected,
  PIPELINE,
  pipeline,
  removeFolder,
  SMALL,
} from '../../helpers/pipeline-runs.ts';
import { startRedis } from '../../helpers/redis.ts';
import { testWith } from '../../helpers/tools.ts';

const DEADLY = {
  NODE_OPTIONS: `--import=${new URL('deadly-input.mjs', import.meta.url).href}`,
  DEADLY_INPUT: 'image-7.png',
};

testWith(
  'redis-server',
  'after five lost workers a partition is named, and the rest is done',
  async (t) => {
    const redis = await startRedis();
    t.teardown(redis.stop);
    const { work, corpus, expected } = await makeExpected(40);
    t.teardown(() => removeFolder(work));
    const out = join(work, 'deadly');
    const args = ['images', corpus, '--out', out, ...SMALL, '--queue', redis.address];
    t.is((await pipeline(['plan', ...args])).exitCode, 0);
    const { queue, redis: client, close } = await connect(redis.address, await queueNameOf(out));
    t.teardown(close);

    let lost = 0;
    let last: Awaited<ReturnType<typeof pipeline>> | undefined;
    while (last === undefined && lost <= TRIES) {
      const worker = await execa('node', [PIPELINE, 'run', ...args], {
        reject: false,
        env: DEADLY,
      });
      if (worker.signal !== 'SIGKILL') last = worker;
      else lost++;
      // Its leases of 8 s run out at once, so that the test need not wait for them.
      for (const job of await queue.getActive()) await client.del(`${queue.toKey(job.id!)}:lock`);
      await sleep(50);
    }
    t.is(lost, TRIES);
    t.is(last?.exitCode, 1, String(last?.stderr));
    const said = /given up after 5 tries: part-\d+ \([^)]*stalled[^)]*\) \(.*\[RANK_FAILED\]/;
    t.regex(String(last?.stderr), said);
    t.is(await queue.getFailedCount(), 1);
    const status = await pipeline(['status', out, '--queue', redis.address, '--json']);
    t.like(JSON.parse(String(status.stdout)), { queue: { failed: 1, waiting: 0 } });

    // What killed them is gone: the same plan gives it new tries.
    t.is((await pipeline(['plan', ...args])).exitCode, 0);
    const healed = await pipeline(['run', ...args]);
    t.is(healed.exitCode, 0, String(healed.stderr));
    t.deepEqual(await hashesOf(out), expected);
  },
);
