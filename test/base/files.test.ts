import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { writeError } from '../../base/file-error.ts';
import { copySmallFile, isFolder, makeFolder, namesIn, sync } from '../../base/files.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

test('the names in a folder; none in one that is missing; an error for what is no folder', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'b'));
  await writeFile(join(folder, 'a'), '');
  t.deepEqual((await namesIn(folder)).sort(), ['a', 'b']);
  t.deepEqual(await namesIn(join(folder, 'none')), []);
  const noFolder = join(folder, 'a');
  const reading = await t.throwsAsync(namesIn(noFolder));
  const writing = await t.throwsAsync(namesIn(noFolder, writeError), { code: 'OUTPUT_UNWRITABLE' });
  t.true(reading!.message.includes(noFolder) && writing!.message.includes(noFolder));
  t.not((reading as { code?: string }).code, 'OUTPUT_UNWRITABLE');
});

test('a folder is one also behind a link; a file and nothing are none', async (t) => {
  const folder = await temporaryFolder(t);
  await symlink(folder, join(folder, 'link'));
  await writeFile(join(folder, 'file'), '');
  t.deepEqual(
    await Promise.all(['', 'link', 'file', 'none'].map((name) => isFolder(join(folder, name)))),
    [true, true, false, false],
  );
});

test('a folder is made with those above it, also when it is there already', async (t) => {
  const folder = await temporaryFolder(t);
  const deep = join(folder, 'a/b/c');
  await Promise.all([makeFolder(deep), makeFolder(join(folder, 'a/b/d'))]);
  await makeFolder(deep);
  // A parent that somebody else makes between two looks is no parent that is missing.
  for (let round = 0; round < 50; round++) {
    const path = join(folder, String(round), 'a/b/c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)));
    t.true(await isFolder(path));
  }
  t.deepEqual((await namesIn(join(folder, 'a/b'))).sort(), ['c', 'd']);
  await writeFile(join(folder, 'file'), '');
  for (const path of ['file', 'file/below']) {
    await t.throwsAsync(makeFolder(join(folder, path)), { code: 'OUTPUT_UNWRITABLE' }, path);
  }
});

test('a copy has the same bytes, and an error names the side that failed', async (t) => {
  const folder = await temporaryFolder(t);
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await writeFile(from, Buffer.of(0, 255, 10));
  await copySmallFile(from, to);
  t.deepEqual(await readFile(to), Buffer.of(0, 255, 10));
  await sync(to);
  await sync(folder);
  await t.throwsAsync(copySmallFile(join(folder, 'none'), to), { code: 'INPUT_NOT_FOUND' });
  await t.throwsAsync(copySmallFile(from, join(folder, 'none/to')), { code: 'OUTPUT_UNWRITABLE' });
  t.deepEqual(await readFile(to), Buffer.of(0, 255, 10), 'nothing was written');
});
