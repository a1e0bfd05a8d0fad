import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { replaceFile, writeAtomically } from '../../base/atomic-file.ts';
import { removeUnfinishedFolders, writeFolderAtomically } from '../../base/atomic-folder.ts';
import { VERSION } from '../../base/version.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

test('a file is written whole, with its hash, or not at all', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'file');
  const written = await writeAtomically(path, async (file) => {
    await file.write(Buffer.from('one '), Buffer.alloc(0), Buffer.from('two'));
    t.is(file.hashSoFar(), createHash('sha256').update('one two').digest('hex'));
    t.deepEqual((await readdir(folder)).length, 1);
  });
  t.deepEqual(written, {
    bytes: 7,
    sha256: createHash('sha256').update('one two').digest('hex'),
  });
  const failed = writeAtomically(path, async (file) => {
    await file.write(Buffer.from('half'));
    throw new RangeError('stop');
  });
  await t.throwsAsync(failed, { instanceOf: RangeError });
  t.is(await readFile(path, 'utf8'), 'one two');
  await replaceFile(path, 'three');
  t.is(await readFile(path, 'utf8'), 'three');
  t.deepEqual(await readdir(folder), ['file']);
  await t.throwsAsync(replaceFile(join(folder, 'none/file'), 'x'), {
    code: 'OUTPUT_UNWRITABLE',
    message: /the folder .*none is missing/,
  });
});

test('a folder is made whole or not at all, and replaces the one before', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'made/here');
  await writeFolderAtomically(path, (aside) => writeFile(join(aside, 'a'), 'x'));
  t.deepEqual(await readdir(path), ['a']);
  await writeFolderAtomically(path, (aside) => writeFile(join(aside, 'b'), 'x'));
  t.deepEqual(await readdir(path), ['b']);
  const failed = writeFolderAtomically(path, async () => {
    throw new RangeError('stop');
  });
  await t.throwsAsync(failed, { instanceOf: RangeError });
  t.deepEqual(await readdir(join(folder, 'made')), ['here']);
  t.deepEqual(await readdir(path), ['b']);
  await mkdir(join(folder, 'made/here.tmp-123'));
  await removeUnfinishedFolders(join(folder, 'made'));
  t.deepEqual(await readdir(join(folder, 'made')), ['here']);
});

test('there is one version, that of package.json', async (t) => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  t.is(VERSION, JSON.parse(text).version);
});
