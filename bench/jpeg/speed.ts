/**
 * Image file -> canonical bytes on one core, against the same in Pillow.
 *   node --import=tsx bench/jpeg/speed.ts [rounds = 5]
 * CPU seconds of either process, best of the rounds; the two take turns, so that
 * what else the machine does falls on both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharp } from '../../base/sharp.ts';
import { PHOTOGRAPHS } from '../../test/helpers/photographs.ts';
import { createJpegCodec } from '../../tokenizer/codecs/jpeg/encode.ts';
import { addRestartMarkers } from '../../tokenizer/codecs/jpeg/restarts.ts';
import { peerPython } from './pillow.ts';

const rounds = Number(process.argv[2] ?? 5);
const script = fileURLToPath(new URL('../peers/jpeg_files_pillow.py', import.meta.url));
const codec = createJpegCodec();
const SOURCES = [
  { name: '640x480', width: 640, height: 480, goal: 1 },
  { name: '4000x3000', width: 4000, height: 3000, goal: 2 },
];

/** Photographs at the size of a source, with the noise that a sensor adds to each pixel. */
async function makeSource(path: string, width: number, height: number): Promise<Buffer> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 12 };
  const grain = await sharp({ create: { width, height, channels: 3, background: '#000', noise } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  return await sharp(readFileSync(path))
    .resize(width, height)
    .composite([{ input: grain, blend: 'soft-light' }])
    .jpeg({ quality: 90, chromaSubsampling: '4:2:0' })
    .toBuffer();
}

/** CPU seconds an image of one pass. */
async function ours(files: Buffer[]): Promise<number> {
  const start = process.cpuUsage();
  // One after the other, as Pillow does it: two at once would ask for two cores.
  for (const file of files) await codec.encode(file, 'source');
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6 / files.length;
}

function pillow(paths: string[]): number[] {
  return execFileSync(peerPython(), [script, '1', ...paths])
    .toString()
    .trim()
    .split(' ')
    .map(Number);
}

const ms = (seconds: number) => `${(seconds * 1000).toFixed(2)} ms`;
const dir = mkdtempSync(join(tmpdir(), 'codec-lm-speed-'));
try {
  for (const { name, width, height, goal } of SOURCES) {
    const made: Buffer[] = [];
    for (const path of PHOTOGRAPHS) made.push(await makeSource(path, width, height));
    // Small images are timed in numbers, so that a pass is long against the clock's tick.
    const files = Array.from({ length: width < 1000 ? 10 : 1 }, () => made).flat();
    const paths = files.map((file, i) => {
      const path = join(dir, `${name}-${i}.jpg`);
      writeFileSync(path, file);
      return path;
    });
    await ours(files);
    let [best, plain, draft] = [Infinity, Infinity, Infinity];
    for (let round = 0; round < rounds; round++) {
      best = Math.min(best, await ours(files));
      const [plainRound, draftRound] = pillow(paths);
      plain = Math.min(plain, plainRound);
      draft = Math.min(draft, draftRound);
    }
    const bytes = made.reduce((sum, file) => sum + file.length, 0) / made.length;
    console.log(
      `${name} JPEG (${(bytes / 1000).toFixed(0)} kB): ours ${ms(best)}, Pillow ${ms(plain)}, ` +
        `ratio ${(plain / best).toFixed(2)} (goal ${goal.toFixed(1)}); ` +
        `Pillow with draft ${ms(draft)}, ratio ${(draft / best).toFixed(2)}`,
    );
  }
} finally {
  rmSync(dir, { recursive: true });
}

const raster = await sharp(readFileSync(PHOTOGRAPHS[0])).resize(256, 256).raw().toBuffer();
const jpeg = await sharp(raster, { raw: { width: 256, height: 256, channels: 3 } })
  .jpeg({ quality: 25, chromaSubsampling: '4:2:0', optimiseCoding: false })
  .toBuffer();
let rewrite = Infinity;
for (let round = 0; round < 20; round++) {
  const start = performance.now();
  for (let i = 0; i < 100; i++) addRestartMarkers(jpeg, 25);
  rewrite = Math.min(rewrite, (performance.now() - start) / 1e5);
}
console.log(`the lossless rewrite alone: ${ms(rewrite)} an image of 256x256`);
