/**
 * Features, distances and whole comparisons here and in pytorch-fid: both sides in turn, one thread, CPU
 * time and peak of memory.
 *   node --import=tsx bench/evaluation/speed.ts features|frechet|compare FOLDER [pictures = 64] [rounds = 3]
 * FOLDER gets what is measured with: pictures of 256x256, random weights, random statistics.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharp } from '../../base/sharp.ts';
import { evaluationPython, peerScript } from './peer.ts';
import { randomBits } from './random-weights.ts';

interface Side {
  cpu: number;
  clock: number;
  memory: number;
  fid?: number;
  images?: number;
}

const SIZE = 256;
const COARSE = 12;
const [what, folder, pictures = '64', rounds = '3'] = process.argv.slice(2);
const print = (line: string) => process.stdout.write(`${line}\n`);
const threads = { OMP_NUM_THREADS: '1', TF_NUM_INTRAOP_THREADS: '1', MKL_NUM_THREADS: '1' };
const env = { ...process.env, ...threads, OPENBLAS_NUM_THREADS: '1' };

function run(program: string, args: string[]): string {
  const options = { env, maxBuffer: 2 ** 28, encoding: 'utf8' } as const;
  return execFileSync(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What a side prints last: pytorch-fid writes warnings to the same stream. */
function sideOf(program: string, args: string[]): Side {
  return JSON.parse(run(program, args).trim().split('\n').at(-1)!);
}

/** Smooth colours with some noise, each picture another. */
async function makePictures(dir: string, name: string, count: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (let i = 0; i < count; i++) {
    const path = join(dir, `${String(i).padStart(5, '0')}.jpg`);
    if (existsSync(path)) continue;
    const coarse = Uint8Array.from(
      randomBits(`${name}${i}`, COARSE * COARSE * 3, 0),
      (b) => b >>> 24,
    );
    const raw = { width: COARSE, height: COARSE, channels: 3 } as const;
    const smooth = await sharp(coarse, { raw })
      .resize(SIZE, SIZE, { kernel: 'cubic' })
      .raw()
      .toBuffer();
    const noise = randomBits(`${name}${i}`, SIZE * SIZE * 3, 1);
    for (let at = 0; at < smooth.length; at++) {
      smooth[at] = Math.min(255, smooth[at] + (noise[at] >>> 28));
    }
    const whole = { width: SIZE, height: SIZE, channels: 3 } as const;
    await sharp(smooth, { raw: whole }).jpeg({ quality: 90 }).toFile(path);
  }
}

/** What both sides are given. */
async function inputs(): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  if (what === 'frechet') {
    const paths = ['a', 'b'].map((side) => join(folder, `${side}.npz`));
    if (!paths.every((path) => existsSync(path))) {
      run(evaluationPython(), [peerScript('reference.py'), 'statistics', folder]);
    }
    return paths;
  }
  const weights = join(folder, 'inception-old.pth');
  if (!existsSync(weights))
    run(evaluationPython(), [peerScript('reference.py'), 'weights', folder]);
  const sides = what === 'features' ? ['a'] : ['a', 'b'];
  const dirs = sides.map((side) => join(folder, `${side}-${pictures}`));
  for (const [i, side] of sides.entries()) await makePictures(dirs[i], side, Number(pictures));
  return [weights, ...dirs];
}

const args = [what, ...(await inputs())];
const ours = fileURLToPath(new URL('speed-ours.ts', import.meta.url));
const ratios: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const here = sideOf('node', ['--import=tsx', ours, ...args]);
  const there = sideOf(evaluationPython(), [peerScript('speed.py'), ...args]);
  ratios.push(there.cpu / here.cpu);
  const side = ({ cpu, clock, memory, images }: Side) =>
    `${cpu.toFixed(2)} CPU s (${clock.toFixed(1)} s by the clock, ${memory.toFixed(0)} MB${images ? `, ${(images / cpu).toFixed(2)} images per CPU second` : ''})`;
  print(`${what}: ${side(here)}; pytorch-fid ${side(there)}; ${ratios.at(-1)!.toFixed(2)} times`);
  if (here.fid !== undefined && there.fid !== undefined) {
    const relative = Math.abs(here.fid - there.fid) / Math.abs(there.fid);
    print(`  ${here.fid} and ${there.fid}, relative ${relative.toExponential(1)}`);
  }
}
ratios.sort((a, b) => a - b);
print(`median of ${ratios.length}: ${ratios[ratios.length >> 1].toFixed(2)} times`);
