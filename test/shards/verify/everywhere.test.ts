/** Damage at every structure and at any byte: verify names it, the loader says so or is not touched by it. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openShard } from '../../../shards/parquet/reader.ts';
import { documentSchema, sequenceSchema } from '../../../shards/parquet/schema.ts';
import { verifyDataset } from '../../../shards/verify/verify.ts';
import { guardedFiles, isClear, loadedFrom, structuresOf } from '../../helpers/damage.ts';
import { makePictureDataset, somePictures } from '../../helpers/pictures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testLong } from '../../helpers/tools.ts';

const SHARD = 'shards/part-00000.parquet';

/** Several pages and rows in little room: a partition, the tails of both splits, a failed input. */
async function smallDataset(t: ExecutionContext) {
  const dir = await temporaryFolder(t);
  const pictures = await somePictures(5, 16);
  const documents = [...pictures.slice(0, 4), null, pictures[4]];
  await makePictureDataset(dir, documents, { seqLen: 64, isVal: (docId) => docId === 2 });
  const loaded = await loadedFrom(dir);
  t.is(typeof loaded, 'string');
  t.deepEqual((await verifyDataset(dir)).problems, []);
  return { dir, loaded: loaded as string };
}

/** Problems as verify lists them; damage that hides the manifest is told by its error. */
async function problemsOf(dir: string): Promise<string[]> {
  try {
    const { problems } = await verifyDataset(dir);
    return problems.map(({ file, problem }) => `${file}: ${problem}`);
  } catch (error) {
    return [`dataset.json: ${(error as Error).message}`];
  }
}

interface Dataset {
  dir: string;
  loaded: string;
}

/** Puts `damaged` in the place of a file, looks, and puts it back. */
async function look(
  t: ExecutionContext,
  { dir, loaded }: Dataset,
  file: string,
  damaged: Uint8Array,
  what: string,
): Promise<string[]> {
  const path = join(dir, file);
  const original = await readFile(path);
  await writeFile(path, damaged);
  const found = await loadedFrom(dir);
  t.true(isClear(found, loaded), `loader, ${file}, ${what}: ${String(found).slice(0, 300)}`);
  const problems = await problemsOf(dir);
  await writeFile(path, original);
  return problems;
}

const FILES = [
  [SHARD, sequenceSchema()],
  ['documents/part-00000.parquet', documentSchema()],
] as const;

/** @param every n-th of all damages is done */
async function damageStructures(
  t: ExecutionContext,
  [file, schema]: (typeof FILES)[number],
  every: number,
): Promise<void> {
  const dataset = await smallDataset(t);
  const original = await readFile(join(dataset.dir, file));
  const structures = await structuresOf(join(dataset.dir, file), schema);
  t.deepEqual([structures[0].start, structures.at(-1)?.end], [0, original.length]);
  let count = 0;
  for (const [i, { name, start, end }] of structures.entries()) {
    t.is(start, structures[i - 1]?.end ?? 0, `${name} lies behind what is before it`);
    const middle = (start + end) >> 1;
    const without = (from: number, to: number) =>
      Buffer.concat([original.subarray(0, from), original.subarray(to)]);
    const damages: [string, Buffer][] = [
      [`cut to ${start}`, original.subarray(0, start)],
      [`cut to ${middle}`, original.subarray(0, middle)],
      [`cut to ${end - 1}`, original.subarray(0, end - 1)],
      ['a byte missing', without(middle, middle + 1)],
      ['all missing', without(start, end)],
      ['zeros', Buffer.from(original).fill(0, start, end)],
      ['ones', Buffer.from(original).fill(255, start, end)],
    ];
    for (const [what, damaged] of damages) {
      if (count++ % every > 0) continue;
      const problems = await look(t, dataset, file, damaged, `${name}, ${what}`);
      t.true(
        problems.some((problem) => problem.startsWith(file)),
        `verify: ${name}, ${what}`,
      );
    }
  }
  t.log(`${Math.ceil(count / every)} of ${count} damages, ${structures.length} structures`);
}

for (const file of FILES) {
  test(`${file[0]}, damaged at its structures`, (t) => damageStructures(t, file, 6));
  testLong(
    `${file[0]}, each structure cut at, in and behind, without a byte, gone, zeros, ones`,
    (t) => damageStructures(t, file, 1),
  );
}

/** Flips one byte of each of so many places, spread over all files that verify vouches for. */
async function flipBytes(t: ExecutionContext, places: number, masks: number[]): Promise<number> {
  const dataset = await smallDataset(t);
  const files = await guardedFiles(dataset.dir);
  const sizes = await Promise.all(
    files.map(async (file) => (await readFile(join(dataset.dir, file))).length),
  );
  const step = Math.max(1, sizes.reduce((sum, size) => sum + size, 0) / places);
  let done = 0;
  for (const [i, file] of files.entries()) {
    const original = await readFile(join(dataset.dir, file));
    for (let at = 0; at < sizes[i]; at += step) {
      const mask = masks[done++ % masks.length];
      const damaged = Buffer.from(original);
      damaged[Math.floor(at)] ^= mask;
      const what = `byte ${Math.floor(at)} ^ ${mask}`;
      const problems = await look(t, dataset, file, damaged, what);
      if (problems.length > 0) continue;
      // White space between the values of a JSON file says nothing.
      const isSame = file.endsWith('.json') && sameJson(original, damaged);
      t.true(isSame, `verify: ${file}, ${what}`);
    }
  }
  return done;
}

function sameJson(a: Buffer, b: Buffer): boolean {
  try {
    return JSON.stringify(JSON.parse(a.toString())) === JSON.stringify(JSON.parse(b.toString()));
  } catch {
    return false;
  }
}

test('a flipped byte in any file is found by verify and does not reach who loads', async (t) => {
  t.true((await flipBytes(t, 50, [1, 0x80, 0x24, 0xff])) >= 50);
});

testLong('every byte of every file, flipped', async (t) => {
  t.timeout(3_600_000);
  const done = await flipBytes(t, Number.POSITIVE_INFINITY, [1, 0x80, 0x24, 0xff, 0x10]);
  t.log(`${done} bytes flipped`);
});

test('lengths that thrift structures only claim cost neither memory nor time', async (t) => {
  const dataset = await smallDataset(t);
  const path = join(dataset.dir, SHARD);
  const original = await readFile(path);
  const structures = await structuresOf(path, sequenceSchema());
  // A list, a set or a text of four thousand million elements of each kind, a number of 64 bits.
  const claims = [0xf5, 0xf6, 0xf8, 0xf9, 0xfc].map((head) => [head, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  claims.push(
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  );
  const before = process.memoryUsage().rss;
  const began = performance.now();
  let opened = 0;
  for (const { name, start, end } of structures) {
    const isThrift = /footer$|index$|page|dictionary/.test(name);
    if (!isThrift) continue;
    const last = /page|dictionary/.test(name) ? Math.min(end, start + 40) : end;
    for (let at = start; at < last - 12; at += name === 'footer' ? 3 : 9) {
      const damaged = Buffer.from(original);
      const claim = claims[opened++ % claims.length];
      damaged.set(claim, at);
      await writeFile(path, damaged);
      const error = await t.throwsAsync(readAll(path), { code: 'SHARD_INVALID' }, `${name}, ${at}`);
      t.true((error?.message.length ?? 0) < 1000);
    }
  }
  t.log(`${opened} claims`);
  t.true(opened > 200);
  t.true(performance.now() - began < 60_000, 'a claim was followed');
  t.true(process.memoryUsage().rss - before < 300 * 2 ** 20, 'a claim was believed');
});

async function readAll(path: string): Promise<void> {
  const shard = await openShard(path);
  try {
    for await (const _ of shard.rows());
  } finally {
    await shard.close();
  }
}

test('a shard of other pictures is known, though every count of it is the same', async (t) => {
  const { dir } = await smallDataset(t);
  const other = await temporaryFolder(t);
  // The same pictures in another order: the same number of rows, tokens, documents, perhaps bytes.
  const pictures = await somePictures(5, 16);
  const [a, b, c, d, e] = pictures;
  await makePictureDataset(other, [b, a, c, d, null, e], { seqLen: 64, isVal: (id) => id === 2 });
  await cp(join(other, SHARD), join(dir, SHARD));
  // Its size is the one thing that may tell: the manifest is made to agree.
  const manifest = JSON.parse(await readFile(join(dir, 'dataset.json'), 'utf8'));
  const theirs = JSON.parse(await readFile(join(other, 'dataset.json'), 'utf8'));
  const entry = manifest.shards.find(({ file }: { file: string }) => file === SHARD);
  entry.bytes = theirs.shards.find(({ file }: { file: string }) => file === SHARD).bytes;
  delete manifest.digest;
  await writeFile(join(dir, 'dataset.json'), JSON.stringify(manifest));
  const found = await loadedFrom(dir);
  t.regex(String(found), /part-00000\.parquet: content hash is \w+; the manifest says \w+/);
});
