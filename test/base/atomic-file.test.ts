import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { AtomicFile, replaceFile, writeAtomically } from '../../base/atomic-file.ts';
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

test('more buffers than one system call takes are written in order', async (t) => {
  const path = join(await temporaryFolder(t), 'file');
  const buffers = Array.from({ length: 2500 }, (_, i) => Buffer.from(`${i},`));
  const { bytes, sha256 } = await writeAtomically(path, (file) => file.write(...buffers));
  const expected = Buffer.concat(buffers);
  t.true(expected.equals(await readFile(path)));
  t.is(bytes, expected.length);
  t.is(sha256, createHash('sha256').update(expected).digest('hex'));
});

test('until it is committed nobody sees a file; given up, it leaves nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'file');
  const [first, second] = [await AtomicFile.create(path), await AtomicFile.create(path)];
  await first.write(Buffer.from('first'));
  await second.write(Buffer.from('second'));
  t.false((await readdir(folder)).includes('file'));
  await first.commit();
  t.is(await readFile(path, 'utf8'), 'first');
  await second.abort();
  t.deepEqual(await readdir(folder), ['file']);
  t.is(await readFile(path, 'utf8'), 'first');
});

test('without a hash the size is told all the same', async (t) => {
  const path = join(await temporaryFolder(t), 'file');
  const written = await writeAtomically(path, (file) => file.write(Buffer.of(1, 2)), {
    hashed: false,
  });
  t.deepEqual(written, { bytes: 2, sha256: '' });
});
