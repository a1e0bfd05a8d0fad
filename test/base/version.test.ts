import { readFile } from 'node:fs/promises';
import test from 'ava';
import { VERSION } from '../../base/version.ts';

test('there is one version, that of package.json', async (t) => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  t.is(VERSION, JSON.parse(text).version);
});
