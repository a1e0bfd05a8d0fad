import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { execa } from 'execa';

const ROOT = join(import.meta.dirname, '../..');
const RECORD = pathToFileURL(join(import.meta.dirname, 'record.mjs')).href;

/** Packages that take long to load, or need not be installed. */
const HEAVY =
  /node_modules\/(@tensorflow|sharp|@img|fluent-ffmpeg|@ffmpeg-installer|highland|koffi)\//;

async function modulesOf(code: string): Promise<string[]> {
  const args = ['--import=tsx', `--import=${RECORD}`, '--input-type=module', '--eval', code];
  const { stderr } = await execa('node', args, { cwd: ROOT });
  return stderr.split('\n').flatMap((line) => /^loads (.*)$/.exec(line)?.[1] ?? []);
}

for (const door of [
  'index.ts',
  'tokenizer/index.ts',
  'shards/index.ts',
  'pipeline/index.ts',
  'trainer/index.ts',
  'evaluation/index.ts',
]) {
  test(`${door} loads none of what is heavy before it is used`, async (t) => {
    const modules = await modulesOf(`await import('./${door}')`);
    t.true(modules.some((url) => url.endsWith('/base/error.ts')));
    t.deepEqual(
      modules.filter((url) => HEAVY.test(url)),
      [],
    );
  });
}

test('the record sees what is heavy', async (t) => {
  const modules = await modulesOf(`await import('sharp')`);
  t.true(modules.some((url) => HEAVY.test(url)));
});
