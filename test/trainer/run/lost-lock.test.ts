import { rmSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readSeries } from '../../../trainer/report/series.ts';
import { truncateMetrics } from '../../../trainer/run/directory.ts';
import { lockRun } from '../../../trainer/run/lock.ts';
import { leaveHolder, readHolder } from '../../helpers/lock-holders.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** As another machine does that has watched the heartbeat in vain. */
function takeOver(run: string): Promise<string> {
  rmSync(join(run, '.lock'), { recursive: true });
  return leaveHolder(join(run, '.lock'), { host: 'elsewhere.invalid' });
}

for (const [when, evalEvery] of [
  ['right before a checkpoint', 4],
  ['between two steps', 5],
] as const) {
  test.serial(
    `a run that is taken over ${when} stops: no step, no checkpoint after that`,
    async (t) => {
      const folder = await temporaryFolder(t);
      const data = await makeSmallDataset(folder);
      const out = join(folder, 'run');
      let other: Promise<string> | undefined;
      // The line of an evaluation comes between the metrics of its step and its checkpoint.
      const log = (line: string) => {
        if (line.startsWith(`step ${evalEvery}:`)) other = takeOver(out);
      };
      const set = ['train.steps=12', `train.evalEvery=${evalEvery}`, 'train.saveEvery=4'];
      await t.throwsAsync(smallFit({ data, out, set, log }), {
        code: 'LOCK_LOST',
        message: /lost the lock of .*run: .*\.lock.* is gone/,
      });
      const { train } = await readSeries(out);
      t.is(train.length, evalEvery);
      const names = await readdir(join(out, 'checkpoints'));
      t.deepEqual(names, evalEvery === 4 ? [] : ['step-00000004'], 'and nothing half-written');
      t.true((await other)!.endsWith(`${(await readHolder(join(out, '.lock'))).token}.json`));
    },
  );
}

test('the metrics of a run that is lost are not cut', async (t) => {
  const run = await temporaryFolder(t);
  const lock = await lockRun(run);
  const path = join(run, 'metrics.jsonl');
  const text = '{"step":1}\n{"step":2}\n';
  await writeFile(path, text);
  await takeOver(run);
  await t.throwsAsync(truncateMetrics(run, 1, lock), { code: 'LOCK_LOST' });
  t.is(await readFile(path, 'utf8'), text);
  await lock.release();
  t.true((await stat(join(run, '.lock'))).isDirectory(), 'the other one keeps its lock');
});
