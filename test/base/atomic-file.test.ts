import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { replaceFile, writeAtomically } from '../../base/atomic-file.ts';
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
