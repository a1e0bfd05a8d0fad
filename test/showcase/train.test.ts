import { join } from 'node:path';
import { execa } from 'execa';
import { readCurve } from '../../showcase/curve.ts';
import { readMetrics } from '../../trainer/index.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testLong } from '../helpers/tools.ts';

const STEPS = 200;
/** Steps whose mean loss is compared: processors round differently, and single steps are noisy. */
const MEAN_OF = 10;

const mean = (losses: readonly number[]) =>
  losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

testLong(
  'train:showcase --steps 200 follows the recorded curve of the shipped model within 1 %',
  async (t) => {
    t.timeout(1_800_000);
    const folder = await temporaryFolder(t);
    await execa('node', ['bin/start.js', 'showcase/train.ts', folder, '--steps', String(STEPS)]);
    const { train } = await readMetrics(join(folder, 'run'));
    const recorded = await readCurve();
    t.is(train.length, STEPS);
    for (let to = MEAN_OF; to <= STEPS; to += MEAN_OF) {
      const own = mean(train.slice(to - MEAN_OF, to).map(({ loss }) => loss));
      const before = mean(recorded.slice(to - MEAN_OF, to).map(({ loss }) => loss));
      t.true(Math.abs(own / before - 1) < 0.01, `step ${to}: ${own} beside ${before}`);
    }
  },
);
