import { createRequire } from 'node:module';
import { execa } from 'execa';
import { testIf } from '../helpers/tools.ts';

const require = createRequire(import.meta.url);

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

const QUIET = JSON.stringify(new URL('../../compute/quiet.ts', import.meta.url).pathname);
const SCRIPT = `
import { writeSync } from 'node:fs';
import { quietly } from ${QUIET};
writeSync(2, 'before ');
const result = quietly(() => { writeSync(2, 'during '); return 'result'; });
try { quietly(() => { throw new Error('thrown'); }); } catch (error) { writeSync(2, error.message); }
process.stderr.write(' after ' + result);
`;

testIf(
  isInstalled('koffi'),
  'koffi is not installed',
  'quietly: stderr is away during the call only, also when it throws (with koffi)',
  async (t) => {
    const { stderr } = await execa(
      process.execPath,
      ['--import=tsx', '--input-type=module', '-e', SCRIPT],
      { timeout: 60_000 },
    );
    t.is(stderr, 'before thrown after result');
  },
);
