import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { removeUnfinishedFolders, writeFolderAtomically } from '../../base/atomic-folder.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

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
