/** Corpora and command lines for the tests of the pipeline. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import sharp from 'sharp';

export const PIPELINE = fileURLToPath(new URL('../../bin/pipeline.js', import.meta.url));

/** Small documents, so that a corpus of 100 has many sequences and partitions. */
export const SMALL = '--size 32 --seq-len 256 --partition-size 10 --merges 40'.split(' ');

/** A new folder, and how to get rid of it. */
export async function workFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'pipeline-test-'));
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Ends with any exit code; a launcher around the tests is not passed on. */
export function pipeline(args: readonly string[], options: Options = {}) {
  return execa('node', [PIPELINE, ...args], { reject: false, ...options });
}

/** Smooth pictures, each another one: half JPEG, half PNG in a folder below. */
export async function makeCorpus(folder: string, count: number): Promise<void> {
  await mkdir(join(folder, 'sub'), { recursive: true });
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const noise = Uint8Array.from({ length: 6 * 6 * 3 }, (_, k) => noiseAt(i * 1000 + k));
      const image = sharp(noise, { raw: { width: 6, height: 6, channels: 3 } }).resize(48, 40, {
        fit: 'fill',
      });
      if (i % 2 === 0) await image.jpeg().toFile(join(folder, `image-${i}.jpg`));
      else await image.png().toFile(join(folder, 'sub', `image-${i}.png`));
    }),
  );
}

function noiseAt(i: number): number {
  return createHash('md5').update(String(i)).digest()[0];
}

/** Ten kinds of files that are no good images, by the code each has to fail with. */
export async function addBadFiles(folder: string): Promise<Record<string, string>> {
  const good = await readFile(join(folder, 'image-0.jpg'));
  const png = await readFile(join(folder, 'sub', 'image-1.png'));
  const flipped = Buffer.from(png);
  flipped[Math.floor(png.length / 2)] ^= 0xff;
  const files: Record<string, [content: Uint8Array, code: string]> = {
    'bad-empty.jpg': [new Uint8Array(0), 'IMAGE_EMPTY'],
    'bad-text.png': [Buffer.from('hello, I am a text\n'.repeat(9)), 'IMAGE_UNSUPPORTED'],
    'bad-zeros.jpg': [new Uint8Array(5000), 'IMAGE_UNSUPPORTED'],
    'bad-cut.jpg': [good.subarray(0, good.length / 2), 'IMAGE_CORRUPT'],
    'bad-cut.png': [png.subarray(0, png.length / 2), 'IMAGE_CORRUPT'],
    'bad-bit.png': [flipped, 'IMAGE_CORRUPT'],
    'bad-header-only.jpg': [good.subarray(0, 20), 'IMAGE_CORRUPT'],
    'bad-html.webp': [Buffer.from('<html><body>404 Not Found</body></html>'), 'IMAGE_UNSUPPORTED'],
    'bad-json.gif': [Buffer.from('{"error": "gone"}'), 'IMAGE_UNSUPPORTED'],
  };
  for (const [name, [content]] of Object.entries(files)) {
    await writeFile(join(folder, name), content);
  }
  const { symlink } = await import('node:fs/promises');
  await symlink('nowhere.jpg', join(folder, 'bad-link.jpg'));
  const codes = Object.entries(files).map(([name, [, code]]) => [name, code]);
  return { ...Object.fromEntries(codes), 'bad-link.jpg': 'IMAGE_UNREADABLE' };
}

/** A copy of some files of a folder under other names. */
export async function copyFiles(pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (const [from, to] of pairs) await copyFile(from, to);
}

/** File name -> sha256, of what has to be equal whatever the workers, ranks and kills. */
export async function hashesOf(dataset: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const folder of ['shards', 'documents']) {
    for (const name of (await readdir(join(dataset, folder))).sort()) {
      const content = await readFile(join(dataset, folder, name));
      hashes[`${folder}/${name}`] = createHash('sha256').update(content).digest('hex');
    }
  }
  return hashes;
}

/**
 * A corpus of good files, and the hashes of a dataset that was made of it without interruption.
 * @param folder for both; a new one if it is not given
 */
export async function makeExpected(images: number, folder?: string) {
  const work = folder ?? (await workFolder());
  const corpus = join(work, 'corpus');
  await makeCorpus(corpus, images);
  const whole = join(work, 'whole');
  const result = await pipeline(['run', 'images', corpus, '--out', whole, ...SMALL]);
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  return { work, corpus, expected: await hashesOf(whole) };
}
