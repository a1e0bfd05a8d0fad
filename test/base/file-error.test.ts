import { appendFile, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { CodecLmError, systemCode } from '../../base/error.ts';
import { readError, writeError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: words of the system, open '/x/y'`), { code });
}

/** Code, and what the message must say, when a file is read and when it is written. */
const MEANINGS: [system: string, read: [string, RegExp], written: [string, RegExp]][] = [
  ['ENOENT', ['INPUT_NOT_FOUND', /no such file/], ['OUTPUT_UNWRITABLE', /folder \/x is missing/]],
  ['ENOTDIR', ['INPUT_NOT_FOUND', /is a file/], ['OUTPUT_UNWRITABLE', /is a file/]],
  ['EACCES', ['INPUT_UNREADABLE', /may not be read/], ['OUTPUT_UNWRITABLE', /not allowed/]],
  ['EPERM', ['INPUT_UNREADABLE', /may not be read/], ['OUTPUT_UNWRITABLE', /not allowed/]],
  [
    'EISDIR',
    ['INPUT_UNREADABLE', /a folder, not a file/],
    ['OUTPUT_UNWRITABLE', /folder.*in the way/],
  ],
  ['ELOOP', ['INPUT_UNREADABLE', /circle/], ['OUTPUT_UNWRITABLE', /circle/]],
  ['ENAMETOOLONG', ['INPUT_NOT_FOUND', /that long/], ['OUTPUT_UNWRITABLE', /too long/]],
  ['EEXIST', ['IO_FAILED', /EEXIST/], ['OUTPUT_UNWRITABLE', /in the way/]],
  ['ENOTEMPTY', ['IO_FAILED', /ENOTEMPTY/], ['OUTPUT_UNWRITABLE', /not empty/]],
  ['EROFS', ['IO_FAILED', /EROFS/], ['OUTPUT_UNWRITABLE', /only be read/]],
  ['ENOSPC', ['IO_FAILED', /ENOSPC/], ['DISK_FULL', /no space left/]],
  ['EDQUOT', ['IO_FAILED', /EDQUOT/], ['DISK_FULL', /quota/]],
  ['EFBIG', ['IO_FAILED', /EFBIG/], ['IO_FAILED', /larger than a file may be/]],
  ['EMFILE', ['IO_FAILED', /too many files open/], ['IO_FAILED', /too many files open/]],
  ['ENFILE', ['IO_FAILED', /too many files open/], ['IO_FAILED', /too many files open/]],
  ['EIO', ['IO_FAILED', /the device failed/], ['IO_FAILED', /the device failed/]],
  ['ESTALE', ['IO_FAILED', /network share/], ['IO_FAILED', /network share/]],
  ['EOTHER', ['IO_FAILED', /words of the system$/], ['IO_FAILED', /words of the system$/]],
];

for (const [system, read, written] of MEANINGS) {
  test(`${system} is said in words of its own for reading and for writing`, (t) => {
    const cause = systemError(system);
    for (const [error, [code, words]] of [
      [readError(cause, '/x/y', 'reading the prompt'), read],
      [writeError(cause, '/x/y', 'writing the page'), written],
    ] as const) {
      t.is(error.code as string, code);
      t.regex(error.message, /^(reading the prompt|writing the page) \/x\/y: /);
      t.regex(error.message, words);
      t.is(error.path, '/x/y');
      t.is(error.cause, cause);
    }
  });
}

test('system errors that libuv has no name for get theirs by number', (t) => {
  const error = Object.assign(new Error('Unknown system error -122'), {
    code: 'Unknown system error -122',
  });
  t.is(systemCode(error), process.platform === 'linux' ? 'EDQUOT' : systemCode(error));
  t.is(systemCode(new Error('no code')), undefined);
  t.is(systemCode('a string'), undefined);
});

test('an error of ours passes through both', (t) => {
  const error = new CodecLmError('SHARD_INVALID', 'damaged');
  t.is(readError(error, 'x'), error);
  t.is(writeError(error, 'x'), error);
});

test('what the system really throws: reading', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  await writeFile(file, 'x');
  await symlink('circle', join(folder, 'circle'));
  const found = async (path: string) => {
    const error = await t.throwsAsync(readFile(path));
    const { code, message } = readError(error, path);
    return `${code} ${message}`;
  };
  t.regex(await found(folder), /^INPUT_UNREADABLE .*folder, not a file$/);
  t.regex(await found(join(folder, 'none')), /^INPUT_NOT_FOUND .*no such file or folder$/);
  t.regex(await found(join(file, 'below')), /^INPUT_NOT_FOUND .*is a file/);
  t.regex(await found(join(folder, 'circle')), /^INPUT_UNREADABLE .*circle/);
  t.regex(await found(join(folder, 'n'.repeat(300))), /^INPUT_NOT_FOUND .*that long/);
  const names = await t.throwsAsync(readdir(file));
  t.is(readError(names, file).code, 'INPUT_NOT_FOUND');
});

test('what the system really throws: writing', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  await writeFile(file, 'x');
  await symlink('circle', join(folder, 'circle'));
  const found = async (path: string) => {
    const error = await t.throwsAsync(appendFile(path, 'x'));
    const { code, message } = writeError(error, path);
    return `${code} ${message}`;
  };
  t.regex(await found(folder), /^OUTPUT_UNWRITABLE .*folder of that name is in the way/);
  t.regex(
    await found(join(folder, 'none', 'x')),
    /^OUTPUT_UNWRITABLE .*the folder .*none is missing$/,
  );
  t.regex(await found(join(file, 'below')), /^OUTPUT_UNWRITABLE .*a part of the path is a file/);
  t.regex(await found(join(folder, 'circle')), /^OUTPUT_UNWRITABLE .*circle/);
  t.regex(await found(join(folder, 'n'.repeat(300))), /^OUTPUT_UNWRITABLE .*too long/);
  if (process.platform === 'linux') {
    t.regex(
      await found('/proc/nowhere'),
      /^OUTPUT_UNWRITABLE .*no file or folder can be made there/,
    );
    const full = await open('/dev/full', 'w');
    const error = await t.throwsAsync(full.writeFile('x'));
    await full.close();
    t.is(writeError(error, '/dev/full').code, 'DISK_FULL');
  }
});

test('a folder is made with those above it, and where none can be made is an error at once', async (t) => {
  const folder = await temporaryFolder(t);
  await makeFolder(join(folder, 'a/b/c'));
  await makeFolder(join(folder, 'a/b/c'));
  t.deepEqual(await namesIn(join(folder, 'a/b')), ['c']);
  t.deepEqual(await namesIn(join(folder, 'none')), []);
  await writeFile(join(folder, 'file'), 'x');
  await t.throwsAsync(makeFolder(join(folder, 'file')), { code: 'OUTPUT_UNWRITABLE' });
  await t.throwsAsync(makeFolder(join(folder, 'file/x/y')), { code: 'OUTPUT_UNWRITABLE' });
  await t.throwsAsync(namesIn(join(folder, 'file')), { code: 'INPUT_NOT_FOUND' });
  await t.throwsAsync(namesIn(join(folder, 'file'), writeError), { code: 'OUTPUT_UNWRITABLE' });
  if (process.platform === 'linux') {
    await t.throwsAsync(makeFolder('/proc/nowhere/at/all'), { code: 'OUTPUT_UNWRITABLE' });
  }
  await mkdir(join(folder, 'kept'));
});
