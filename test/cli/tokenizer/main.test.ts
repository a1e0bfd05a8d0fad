import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import sharp from 'sharp';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';

const BIN = fileURLToPath(new URL('../../../bin/tokenizer.js', import.meta.url));
const tokenizer = (cwd: string, ...args: string[]) =>
  execa('node', [BIN, ...args], { cwd, reject: false });

/** A folder with `docs/a.bin` and `docs/sub/b.bin`. */
async function folder(t: import('ava').ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codec-lm-test-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'docs', 'sub'), { recursive: true });
  await writeFile(join(dir, 'docs', 'a.bin'), Uint8Array.of(255, 0xd3, 7, 255, 0xd3, 0, 1));
  await writeFile(join(dir, 'docs', 'sub', 'b.bin'), Uint8Array.of(255, 0xd3, 9));
  return dir;
}

test('raw documents: train, encode to .npy and JSON lines, decode to the same bytes', async (t) => {
  const dir = await folder(t);
  const trained = await tokenizer(dir, 'train', 'docs', '--out', 'TOK', '--merges', '2');
  t.is(trained.exitCode, 0, trained.stderr);
  t.is(trained.stdout, '');

  const npy = await tokenizer(dir, 'encode', 'docs', '--tokenizer', 'TOK', '--out', 'ids');
  t.is(npy.exitCode, 0, npy.stderr);
  const file = await readFile(join(dir, 'ids', 'sub', 'b.npy'));
  t.is(file.subarray(1, 6).toString(), 'NUMPY');
  t.is((file.length - 8) % 64, 0);
  const data = file.buffer.slice(file.byteOffset + file.length - 8, file.byteOffset + file.length);
  t.deepEqual([...new Uint16Array(data)], [258, 256, 9, 259]);

  const lines = await tokenizer(dir, 'encode', 'docs/sub/b.bin', '--tokenizer', 'TOK');
  t.deepEqual(JSON.parse(lines.stdout), { file: 'docs/sub/b.bin', ids: [258, 256, 9, 259] });
  await writeFile(join(dir, 'b.jsonl'), lines.stdout);

  const args = ['--tokenizer', 'TOK', '--out', 'back', '--raw'];
  const decoded = await tokenizer(dir, 'decode', 'ids', 'b.jsonl', ...args);
  t.is(decoded.exitCode, 0, decoded.stderr);
  for (const [original, back] of [
    ['docs/a.bin', 'back/a.bin'],
    ['docs/sub/b.bin', 'back/sub/b.bin'],
    ['docs/sub/b.bin', 'back/b-0.bin'],
  ]) {
    t.deepEqual(await readFile(join(dir, back)), await readFile(join(dir, original)));
  }
});

test('inspect: hex, counts and what the bytes mean', async (t) => {
  const dir = await folder(t);
  await tokenizer(dir, 'train', 'docs', '--out', 'TOK', '--vocab-size', '257');
  const json = await tokenizer(dir, 'inspect', 'TOK', 'docs', '--json');
  t.deepEqual(JSON.parse(json.stdout), {
    rank: 0,
    id: 256,
    hex: 'FF D3',
    count: 3,
    meaning: 'restart marker 3',
  });
  const table = await tokenizer(dir, 'inspect', 'TOK');
  t.regex(table.stdout, /rank\s+id\s+bytes\s+meaning in JPEG/);
  t.regex(table.stdout, /0\s+256\s+FF D3\s+restart marker 3/);
});

test('inspect shows long tokens by their beginnings, and --json whole', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'zeros.bin'), new Uint8Array(64));
  await tokenizer(dir, 'train', 'zeros.bin', '--out', 'TOK', '--merges', '5');
  const { stdout: json } = await tokenizer(dir, 'inspect', 'TOK', '--json');
  t.is(JSON.parse(json.split('\n')[4]).hex, Array(32).fill('00').join(' '));
  const { stdout: table } = await tokenizer(dir, 'inspect', 'TOK');
  t.regex(table, /00 00 00 … 32 bytes/);
  t.true(table.split('\n').every((line) => line.length < 100));
});

test('images become canonical bytes first, and pictures again; a broken one is told and skipped', async (t) => {
  const dir = await folder(t);
  const images = join(dir, 'images');
  await mkdir(images);
  for (const [name, background] of [
    ['red', '#f00'],
    ['sky', '#7ac'],
  ]) {
    const create = { width: 40, height: 30, channels: 3 as const, background };
    await sharp({ create })
      .png()
      .toFile(join(images, `${name}.png`));
  }
  await writeFile(join(images, 'broken.png'), 'not an image');
  const trained = await tokenizer(dir, 'train', 'images', '--out', 'TOK', '--size', '32');
  t.is(trained.exitCode, 3, trained.stderr);
  t.regex(trained.stderr, /broken\.png.*\[IMAGE_/);
  const red = join('images', 'red.png');
  const size = ['--size', '32'];
  await tokenizer(dir, 'encode', red, '--tokenizer', 'TOK', '--out', 'ids', ...size);
  const decoded = await tokenizer(dir, 'decode', 'ids', '--tokenizer', 'TOK', '--out', 'back');
  t.is(decoded.exitCode, 0, decoded.stderr);
  const { width, height, format } = await sharp(join(dir, 'back', 'red.jpg')).metadata();
  t.deepEqual({ width, height, format }, { width: 32, height: 32, format: 'jpeg' });
});

test('images are read as the pipeline would: orientation, background, limits', async (t) => {
  const dir = await folder(t);
  await tokenizer(dir, 'train', 'docs', '--out', 'TOK', '--merges', '0');
  const pixels = Uint8Array.from({ length: 40 * 20 * 4 }, (_, i) => (i * 7) & 255);
  const picture = sharp(pixels, { raw: { width: 40, height: 20, channels: 4 } });
  await picture.withMetadata({ orientation: 6 }).png().toFile(join(dir, 'turned.png'));
  const source = await readFile(join(dir, 'turned.png'));
  const cases = [
    [[], {}],
    [['--orientation', 'ignore'], { orientation: 'ignore' }],
    [['--background', '#fff'], { background: '#fff' }],
  ] as const;
  const seen = new Set<string>();
  for (const [flags, settings] of cases) {
    const args = ['encode', 'turned.png', '--tokenizer', 'TOK', '--size', '32', ...flags];
    const { ids } = JSON.parse((await tokenizer(dir, ...args)).stdout) as { ids: number[] };
    const codec = createJpegCodec({ width: 32, height: 32, ...settings });
    const { symbols: bytes } = await codec.encode(source, 'turned.png');
    t.deepEqual(ids.slice(1, -1), [...bytes], flags.join(' '));
    seen.add(ids.join());
  }
  t.is(seen.size, 3);
  const refused = await tokenizer(
    ...([dir, 'encode', 'turned.png', '--tokenizer', 'TOK', '--max-pixels', '100'] as const),
  );
  t.is(refused.exitCode, 1);
  t.regex(refused.stderr, /turned\.png.*IMAGE_TOO_LARGE/s);
});

const wrongUse: Record<string, [string[], number, RegExp]> = {
  'no such input': [['train', 'nothing', '--out', 'T'], 2, /nothing: no such file or folder/],
  'an empty folder': [['train', 'empty', '--out', 'T'], 2, /no usable file in empty/],
  'two ways to say the same': [
    ['train', 'docs', '--out', 'T', '--merges', '1', '--vocab-size', '300'],
    2,
    /--merges and --vocab-size/,
  ],
  'too many merges': [['train', 'docs', '--out', 'T', '--merges', '70000'], 2, /--merges/],
  'no output folder': [['train', 'docs'], 2, /--out/],
  'no such tokenizer': [['inspect', 'nothing'], 2, /opening the tokenizer nothing/],
  'a tokenizer that is none': [['inspect', 'docs/a.bin'], 1, /is not JSON/],
  'two inputs of one name': [
    ['train', 'docs/a.bin', 'docs', '--out', 'T'],
    2,
    /would both be written as a/,
  ],
};

for (const [what, [args, exitCode, message]] of Object.entries(wrongUse)) {
  test(`${what}: one clear line and exit ${exitCode}`, async (t) => {
    const dir = await folder(t);
    await mkdir(join(dir, 'empty'));
    const result = await tokenizer(dir, ...args);
    t.is(result.exitCode, exitCode, result.stderr);
    t.regex(result.stderr, message);
    t.is(result.stdout, '');
  });
}

test('a tokenizer that is already there is not overwritten', async (t) => {
  const dir = await folder(t);
  await tokenizer(dir, 'train', 'docs', '--out', 'TOK', '--merges', '1');
  const before = await readFile(join(dir, 'TOK', 'tokenizer.json'));
  const again = await tokenizer(dir, 'train', 'docs', '--out', 'TOK', '--merges', '2');
  t.is(again.exitCode, 2);
  t.regex(again.stderr, /TOK\/tokenizer\.json is already there .*\[OUTPUT_IN_USE\]/);
  t.deepEqual(await readFile(join(dir, 'TOK', 'tokenizer.json')), before);
});

test('a .npy that is cut or of another type is refused', async (t) => {
  const dir = await folder(t);
  await tokenizer(dir, 'train', 'docs', '--out', 'TOK', '--merges', '1');
  await tokenizer(dir, 'encode', 'docs', '--tokenizer', 'TOK', '--out', 'ids');
  const path = join(dir, 'ids', 'a.npy');
  await writeFile(path, (await readFile(path)).subarray(0, -1));
  const decode = ['decode', 'ids/a.npy', '--tokenizer', 'TOK', '--out', 'back', '--raw'];
  const result = await tokenizer(dir, ...decode);
  t.is(result.exitCode, 1);
  t.regex(result.stderr, /a\.npy: \d+ tokens in the header/);
});
