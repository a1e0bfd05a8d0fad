import { createRequire } from 'node:module';
import test from 'ava';
import { execa } from 'execa';

const require = createRequire(import.meta.url);

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

const QUIET = JSON.stringify(
  new URL('../../../trainer/backend/quiet.ts', import.meta.url).pathname,
);
const SCRIPT = `
import { writeSync } from 'node:fs';
import { quietly } from ${QUIET};
writeSync(2, 'before ');
const result = quietly(() => { writeSync(2, 'during '); return 'result'; });
try { quietly(() => { throw new Error('thrown'); }); } catch (error) { writeSync(2, error.message); }
process.stderr.write(' after ' + result);
`;

const withKoffi = isInstalled('koffi') ? test : test.skip;

withKoffi(
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
