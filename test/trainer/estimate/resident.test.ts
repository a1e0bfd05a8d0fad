/** The estimate beside what ranks have resident, base of the process left out: bench/trainer/memory.ts. */
import { join } from 'node:path';
import { execa } from 'execa';
import { chooseBackend } from '../../../compute/choose.ts';
import { hasTool, testIf } from '../../helpers/tools.ts';

const MEMORY = join(import.meta.dirname, '../../../bench/trainer/memory.ts');
const { hasKernels } = await chooseBackend();
const isWanted = Boolean(process.env.CODEC_LM_TEST_LONG);
const why = isWanted
  ? 'mpirun and the kernels for CPUs are needed'
  : 'it is one of `npm run test:long`';

testIf(
  isWanted && hasTool('mpirun') && hasKernels,
  why,
  'resident memory of 1, 2 and 4 ranks with each ZeRO stage is estimated within 15 %',
  async (t) => {
    t.timeout(1_800_000);
    const { stdout } = await execa('node', ['--import=tsx', MEMORY, 'ranks']);
    const lines = stdout.trim().split('\n');
    t.is(lines.length, 8);
    for (const line of lines) {
      const { worldSize, zero, ratio, whole, base } = JSON.parse(line);
      const what = `${worldSize} rank(s), zero ${zero}`;
      t.log(`${what}: ${ratio.toFixed(2)} without the process, ${whole.toFixed(2)} with it`);
      t.true(Math.abs(ratio - 1) < 0.15, `${what}: ${ratio}`);
      t.true(base > 300e6 && base < 700e6, `${what}: a process takes ${base}`);
    }
  },
);
