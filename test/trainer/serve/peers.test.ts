/** bench/peers/clients.ts, where bench/peers/setup-clients.sh was run: harnesses and clients end to end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { testIf } from '../../helpers/tools.ts';

const ROOT = join(import.meta.dirname, '../../..');
const isThere = existsSync(join(ROOT, 'bench/peers/.venv-clients/installed.txt'));
const isLong = Boolean(process.env.CODEC_LM_TEST_LONG);

testIf(
  isThere && isLong,
  'bench/peers/setup-clients.sh was not run, or it is not `npm run test:long`',
  'lm-eval, openai, transformers and curl against `trainer serve`; every score is that of `trainer score`',
  async (t) => {
    t.timeout(600_000);
    const options = { cwd: ROOT, reject: false };
    const done = await execa('node', ['bin/start.js', 'bench/peers/clients.ts', '--json'], options);
    t.is(done.exitCode, 0, done.stderr);
    t.log(done.stdout);
  },
);
