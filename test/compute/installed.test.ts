import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cacheDir, findInstalled, nativeDir } from '../../compute/installed.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

test('the cache is per user, and two variables move it', (t) => {
  t.regex(cacheDir({}), /\.cache[/\\]codec-lm$/);
  t.is(cacheDir({ XDG_CACHE_HOME: '/x' }), '/x/codec-lm');
  t.is(cacheDir({ XDG_CACHE_HOME: '/x', CODEC_LM_CACHE: '/mine' }), '/mine');
});

test('variant, versions and platform are in the name, so that nothing wrong is ever loaded', (t) => {
  const env = { CODEC_LM_CACHE: '/c' };
  t.not(nativeDir('cpu', env), nativeDir('gpu', env));
  t.true(nativeDir('cpu', env).includes(`${process.platform}-${process.arch}`));
});

test('a folder without its manifest, or with half of one, is no installation', async (t) => {
  const env = { CODEC_LM_CACHE: await temporaryFolder(t) };
  const dir = nativeDir('cpu', env);
  mkdirSync(dir, { recursive: true });
  t.is(findInstalled('cpu', env), undefined);
  writeFileSync(join(dir, 'native.json'), '{"libtensorflow": "2.');
  t.is(findInstalled('cpu', env), undefined);
  const manifest = { libtensorflow: '2.21.0', variant: 'cpu', source: 's', binding: 'b/a.node' };
  writeFileSync(join(dir, 'native.json'), JSON.stringify(manifest));
  t.is(findInstalled('cpu', env)?.bindingPath, join(dir, 'b/a.node'));
});
