import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import sharp from 'sharp';
import { makePictureDataset, somePictures } from '../../helpers/pictures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const BIN = fileURLToPath(new URL('../../../bin/shards.js', import.meta.url));

function shards(...args: string[]) {
  return execa('node', [BIN, ...args], { reject: false });
}

test('inspect shows tables, and the same as JSON', async (t) => {
  const dir = await temporaryFolder(t);
  await makePictureDataset(dir, [...(await somePictures(6)), null]);
  const tables = await shards('inspect', dir);
  t.is(tables.exitCode, 0, tables.stderr);
  for (const words of [
    /documents +6 of 7 inputs/,
    /bytes per token/,
    /codec +jpeg: .*quality 25/,
    /shards\/part-00000\.parquet/,
    /IMAGE_CORRUPT +1/,
    /tokens per document +documents/,
    /256 +ffd0/,
  ]) {
    t.regex(tables.stdout, words);
  }
  const { stdout } = await shards('inspect', dir, '--json');
  t.is(JSON.parse(stdout).manifest.totals.documents, 6);
  const shard = await shards('inspect', join(dir, 'shards/part-00000.parquet'));
  t.regex(shard.stdout, /documents +\d+ begin here/);
});

test('inspect --row shows documents and the bytes of each token', async (t) => {
  const dir = await temporaryFolder(t);
  await makePictureDataset(dir, await somePictures(3));
  const text = await shards('inspect', dir, '--row', '0');
  t.regex(text.stdout, /document +begins at +tokens here/);
  t.regex(text.stdout, /^ +0 +259=<bos>\n +1 +SOI +255=ff +216=d8\n +3 +APP0 +255=ff +224=e0/m);
  const { stdout } = await shards('inspect', dir, '--row', '1', '--json');
  const row = JSON.parse(stdout);
  t.is(row.ids.length, 256);
  t.is(row.bytes.length, 256);
  t.is(row.readings.length, 256);
  const none = await shards('inspect', dir, '--row', '999');
  t.is(none.exitCode, 2);
  t.regex(none.stderr, /--row 999: there are \d+ rows/);
});

test('inspect --html writes one page with every picture in it', async (t) => {
  const dir = await temporaryFolder(t);
  await makePictureDataset(dir, await somePictures(4));
  const page = join(dir, 'page.html');
  const run = await shards('inspect', dir, '--html', page);
  t.is(run.exitCode, 0, run.stderr);
  const html = await readFile(page, 'utf8');
  t.is(html.match(/<img src="data:image\/jpeg;base64,/g)?.length, 4);
  t.notRegex(html, /src="(?!data:)|href=/);
});

test('extract gives the exact canonical bytes, and pictures that open', async (t) => {
  const dir = await temporaryFolder(t);
  const pictures = await somePictures(5);
  await makePictureDataset(dir, [pictures[0], null, ...pictures.slice(1)]);
  const raw = join(dir, 'raw');
  t.is((await shards('extract', dir, '--all', '--raw', '--to', raw)).exitCode, 0);
  t.deepEqual(
    (await readdir(raw)).sort(),
    [0, 2, 3, 4, 5].map((n) => `0000000${n}.bin`),
  );
  for (const [i, docId] of [0, 2, 3, 4, 5].entries()) {
    t.deepEqual(await readFile(join(raw, `0000000${docId}.bin`)), Buffer.from(pictures[i]));
  }
  const out = join(dir, 'out');
  t.is((await shards('extract', dir, '--doc', '3', '--to', out)).exitCode, 0);
  const { width, format } = await sharp(join(out, '00000003.jpg')).metadata();
  t.deepEqual([width, format], [32, 'jpeg']);
  const again = await shards('extract', dir, '--doc', '3', '--to', out);
  t.is(again.exitCode, 2);
  t.regex(again.stderr, /00000003\.jpg exists already/);
  const failed = await shards('extract', dir, '--doc', '1', '--to', out);
  t.is(failed.exitCode, 2);
  t.regex(failed.stderr, /no document 1 .*0 to 5/s);
});

test('verify ends with 0 or 1, and names the damaged file', async (t) => {
  const dir = await temporaryFolder(t);
  await makePictureDataset(dir, await somePictures(4));
  const good = await shards('verify', dir);
  t.is(good.exitCode, 0, good.stdout);
  t.regex(good.stderr, /4 documents: all good/);
  const path = join(dir, 'shards/part-00000.parquet');
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] ^= 4;
  await writeFile(path, bytes);
  const bad = await shards('verify', dir, '--json');
  t.is(bad.exitCode, 1);
  t.is(JSON.parse(bad.stdout).problems[0].file, 'shards/part-00000.parquet');
});

test('wrong use is one line and exit 2', async (t) => {
  const dir = await temporaryFolder(t);
  const wrong: [string[], RegExp][] = [
    [['inspect', join(dir, 'nowhere')], /no such file or folder/],
    [['inspect', dir], /holds no dataset\.json/],
    [['extract', dir, '--to', dir], /either --doc N or --all/],
    [['extract', dir, '--all'], /--to is required: Folder for the files/],
    [['verify'], /missing required argument/],
    [['verify', dir, '--jsn'], /--jsn/],
  ];
  for (const [args, message] of wrong) {
    const run = await shards(...args);
    t.is(run.exitCode, 2, args.join(' '));
    t.regex(run.stderr, message);
    t.is(run.stdout, '');
  }
});
