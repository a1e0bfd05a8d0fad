/** README's first command as it stands, in a fresh clone: it installs, and trains for minutes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { blocksOf, ROOT } from '../helpers/guide.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testLong } from '../helpers/tools.ts';

/** Pictures of the shipped model, and what stands beside each step of the one that is trained. */
const PARTS = [/The first samples of seed 0/, /After step 1000: loss 0\.[34]\d/, /<img/];

async function firstCommand(): Promise<string> {
  const [first] = await blocksOf('README.md');
  return first.code;
}

test('the first command of README is that of the demo', async (t) => {
  t.is((await firstCommand()).trim(), 'npm ci && npm run demo');
});

testLong('the first command of README ends well in a fresh clone, with its page', async (t) => {
  t.timeout(1_800_000);
  const clone = join(await temporaryFolder(t), 'clone');
  await execa('git', ['clone', '--quiet', ROOT, clone]);
  await execa('sh', ['-ec', await firstCommand()], { cwd: clone });
  const page = await readFile(join(clone, 'demo-output/index.html'), 'utf8');
  for (const part of PARTS) t.regex(page, part);
});
