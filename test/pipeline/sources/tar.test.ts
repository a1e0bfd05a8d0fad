import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { bytesOf, fromText } from '../../../pipeline/plan/byte-strings.ts';
import { ListingLog, listInputs } from '../../../pipeline/sources/list-inputs.ts';
import { readInput } from '../../../pipeline/sources/read.ts';
import { formatInput, parseInput } from '../../../pipeline/sources/source.ts';
import { IMAGE_ERRORS } from '../../../tokenizer/codecs/input-errors.ts';
import { A, a, B, b, PIECES, SPARSE_SIZE, TOLD, WHOLE } from '../../helpers/tar-cases.ts';
import { tar } from '../../helpers/tars.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool } from '../../helpers/tools.ts';

const run = promisify(execFile);

/** Name -> sha256 of the content, of each input that a run would have. */
async function readAll(archive: string) {
  const log = new ListingLog();
  const context = {
    report: log,
    extensions: new Set(['.jpg', '.png']),
    visited: new Set<string>(),
    excluded: '',
  };
  const found: [string, string][] = [];
  for await (const input of listInputs([archive], context)) {
    // As the plan keeps it.
    const planned = parseInput(formatInput(input));
    const content = await readInput([fromText(archive)], planned, IMAGE_ERRORS);
    const name = planned.member ? bytesOf(planned.member.name).toString() : '';
    found.push([name, createHash('sha256').update(content).digest('hex')]);
  }
  return { found: found.sort(), listing: log.listing };
}

/** The same by Python's tarfile. */
const BY_PYTHON = `
import sys, json, tarfile, hashlib
found = []
with tarfile.open(sys.argv[1], 'r:') as archive:
    for member in archive:
        if not member.name.endswith(('.jpg', '.png')):
            continue
        file = archive.extractfile(member)
        if file:
            found.append([member.name, hashlib.sha256(file.read()).hexdigest()])
print(json.dumps(sorted(found)))
`;

async function byPython(archive: string): Promise<[string, string][]> {
  return JSON.parse((await run('python3', ['-c', BY_PYTHON, archive])).stdout);
}

const hasPython = hasTool('python3');

test('archives of every kind give the members and contents that Python’s tarfile gives', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [name, content] of Object.entries(WHOLE)) {
    const archive = join(folder, `${name}.tar`);
    await writeFile(archive, content);
    const { found, listing } = await readAll(archive);
    t.deepEqual([listing.problems, listing.unread], [[], undefined], name);
    t.true(found.length > 0, name);
    if (hasPython) t.deepEqual(found, await byPython(archive), name);
  }
  if (!hasPython) t.log('python3 is not installed: not compared with tarfile');
});

test('contents of links and sparse members, by the formats themselves', async (t) => {
  const folder = await temporaryFolder(t);
  const whole = Buffer.alloc(SPARSE_SIZE);
  for (const [offset, content] of PIECES) content.copy(whole, offset);
  const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const expected: Record<string, [string, string][]> = {
    'hard links': [
      ['a.jpg', hash(A)],
      ['b.jpg', hash(A)],
      ['c.jpg', hash(A)],
    ],
    'symbolic links': [
      ['a.jpg', hash(A)],
      ['x/first.jpg', hash(A)],
      ['x/y/second.jpg', hash(A)],
    ],
    'sparse, pax 0.0': [
      ['a.jpg', hash(A)],
      ['s.jpg', hash(whole)],
    ],
    'sparse, pax 0.1': [
      ['a.jpg', hash(A)],
      ['again.jpg', hash(whole)],
      ['s.jpg', hash(whole)],
    ],
    'sparse, pax 1.0': [
      ['a.jpg', hash(A)],
      ['s.jpg', hash(whole)],
    ],
  };
  for (const [name, files] of Object.entries(expected)) {
    const archive = join(folder, `${name}.tar`);
    await writeFile(archive, WHOLE[name]);
    t.deepEqual((await readAll(archive)).found, files, name);
  }
});

test('skipped members are named, and counted if inputs are missing because of them', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [name, [content, problem, unread]] of Object.entries(TOLD)) {
    const archive = join(folder, `${name}.tar`);
    await writeFile(archive, content);
    const { found, listing } = await readAll(archive);
    const told = listing.problems.map((one) => `${one.path}: ${one.problem}`).join('\n');
    t.regex(told, problem, name);
    t.is(listing.unread ?? 0, name.startsWith('links that') ? 2 : unread, name);
    // Members before the damage are used.
    if (name !== 'a damaged sparse map')
      t.true(
        found.some(([file]) => file === 'a.jpg'),
        name,
      );
  }
});

test('a sparse member is not read from an archive that was written anew', async (t) => {
  const archive = join(await temporaryFolder(t), 'x.tar');
  await writeFile(archive, WHOLE['sparse, pax 1.0']);
  const log = new ListingLog();
  const context = {
    report: log,
    extensions: new Set(['.jpg']),
    visited: new Set<string>(),
    excluded: '',
  };
  const inputs = [];
  for await (const input of listInputs([archive], context)) inputs.push(input);
  const sparse = inputs.find(({ member }) => member?.headersAt !== undefined);
  t.truthy(sparse);
  await writeFile(archive, tar(a, b, a, b));
  await t.throwsAsync(() => readInput([archive], sparse!, IMAGE_ERRORS), {
    code: 'IMAGE_UNREADABLE',
    message: /the archive was changed since it was planned|no tar header/,
  });
});

const COMPRESSORS: [magic: Buffer, name: RegExp, advice: RegExp][] = [
  [Buffer.from('1f8b08000000', 'hex'), /compressed with gzip/, /gunzip/],
  [Buffer.from('28b52ffd0458', 'hex'), /compressed with zstd/, /unzstd/],
  [Buffer.from('BZh91AY'), /compressed with bzip2/, /bunzip2/],
  [Buffer.from('fd377a585a0000', 'hex'), /compressed with xz/, /unxz/],
  [Buffer.from('PK\x03\x04\x14\0'), /a zip archive/, /unpack it/],
  [Buffer.from('377abcaf271c0004', 'hex'), /a 7z archive/, /unpack it/],
];

test('compressed archives are known by their content and said not to be read', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [magic, name, advice] of COMPRESSORS) {
    for (const file of [
      'shard.tar',
      'shard.tar.gz',
      'shard.tgz',
      'shard.zip',
      'shard',
      'shard.bin',
    ]) {
      const path = join(folder, file);
      await writeFile(path, Buffer.concat([magic, Buffer.alloc(3000)]));
      const { found, listing } = await readAll(path);
      t.deepEqual(found, [], file);
      t.is(listing.unread, 1, file);
      t.regex(listing.problems[0].problem, name, file);
      t.regex(listing.problems[0].problem, advice, file);
    }
  }
  for (const file of ['shard.tgz', 'shard.data']) {
    const path = join(folder, file);
    await writeFile(path, tar(a));
    t.is((await readAll(path)).found.length, 1, 'a tar by its content');
  }
});

test('in a folder, archives that are not read are told, and other compressed files counted', async (t) => {
  const folder = join(await temporaryFolder(t), 'corpus');
  await mkdir(folder);
  const gzip = Buffer.concat([COMPRESSORS[0][0], Buffer.alloc(100)]);
  for (const name of ['one.tar.gz', 'two.TGZ', 'photo.jpg.gz', 'captions.jsonl.gz', 'x.json']) {
    await writeFile(join(folder, name), gzip);
  }
  await writeFile(join(folder, 'list.zip'), 'no archive at all');
  await writeFile(join(folder, 'image.jpg'), A);
  await writeFile(join(folder, 'inner.tar'), tar(b));
  const log = new ListingLog();
  const context = {
    report: log,
    extensions: new Set(['.jpg']),
    visited: new Set<string>(),
    excluded: '',
  };
  const names: string[] = [];
  for await (const { path, member } of listInputs([folder], context))
    names.push(member?.name ?? path);
  t.deepEqual(names.sort(), ['b.jpg', 'image.jpg']);
  t.is(log.listing.unread, 3);
  t.deepEqual(log.listing.ignored, { '.gz': 1, '.json': 1, '.zip': 1 });
});

test('archives that GNU tar makes of holes and links', async (t) => {
  if (!hasTool('tar') || !hasPython) return t.pass('tar or python3 is not installed');
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 's.jpg'), B);
  await truncate(join(folder, 's.jpg'), 300_000);
  await writeFile(join(folder, 'a.jpg'), A);
  await run('ln', [join(folder, 'a.jpg'), join(folder, 'b.jpg')]);
  await run('ln', ['-s', 'a.jpg', join(folder, 'c.jpg')]);
  for (const form of ['gnu', 'posix', 'posix --sparse-version=0.0', 'posix --sparse-version=0.1']) {
    const archive = join(folder, 'made.tar');
    const options = `-S --format=${form} -cf ${archive} -C ${folder} s.jpg a.jpg b.jpg c.jpg`;
    await run('tar', options.split(' '));
    const { found, listing } = await readAll(archive);
    t.is(found.length, 4, form);
    t.deepEqual(listing.problems, [], form);
    t.deepEqual(found, await byPython(archive), form);
  }
});
