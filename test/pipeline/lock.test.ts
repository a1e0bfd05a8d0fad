import { rmdir } from 'node:fs/promises';
import test from 'ava';
import { paths } from '../../pipeline/files.ts';
import { lockDataset } from '../../pipeline/lock.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

test('ranks that come while others go never miss the folder of the locks', async (t) => {
  const out = await temporaryFolder(t);
  const comeAndGo = async (rank: number) => {
    for (let i = 0; i < 100; i++) {
      const lock = await lockDataset(out, { rank, size: 4 });
      await lock.release();
      // As a run does at its end, when no other rank is left.
      await rmdir(paths.locks(out)).catch(() => undefined);
    }
  };
  await t.notThrowsAsync(Promise.all([0, 1, 2, 3].map(comeAndGo)));
});
