/** Clips of letters that move by whole pixels and bounce off the borders, from pictures of letters. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharp } from '../../base/sharp.ts';

/** Side of a frame, and of the letter in it. */
const SIDE = 32;
const LETTER = 16;
/** One more than a document has, so that none is too short. */
const FRAMES = 16;
/** Places and steps are even: colours are stored for 2x2 pixels. */
const STEP = 2;

/** Mulberry32: a small generator of numbers in 0..1. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Writes YUV4MPEG2 files, the same ones for the same arguments.
 * @param letters folder of PNG files
 * @returns paths of the clips
 */
export async function writeMovingLetters(
  letters: string,
  to: string,
  count: number,
  seed: number,
): Promise<string[]> {
  const random = randomNumbers(seed);
  const names = (await readdir(letters)).filter((name) => name.endsWith('.png')).sort();
  await mkdir(to, { recursive: true });
  const written: string[] = [];
  for (let i = 0; i < count; i++) {
    const name = names[Math.floor(random() * names.length)];
    const letter = await sharp(join(letters, name))
      .resize(LETTER, LETTER, { kernel: 'nearest' })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer();
    const path = join(to, `${String(i).padStart(5, '0')}-${name.slice(0, -4)}.y4m`);
    await writeFile(path, clipOf(letter, random));
    written.push(path);
  }
  return written;
}

function clipOf(letter: Uint8Array, random: () => number): Uint8Array {
  const places = (SIDE - LETTER) / STEP + 1;
  let [x, y] = [Math.floor(random() * places) * STEP, Math.floor(random() * places) * STEP];
  let [across, down] = [0, 0];
  while (across === 0 && down === 0) {
    [across, down] = [Math.floor(random() * 3) - 1, Math.floor(random() * 3) - 1].map(
      (way) => way * STEP,
    );
  }
  const parts: Uint8Array[] = [Buffer.from(`YUV4MPEG2 W${SIDE} H${SIDE} F3:1 Ip A1:1 C420jpeg\n`)];
  for (let frame = 0; frame < FRAMES; frame++) {
    parts.push(Buffer.from('FRAME\n'), frameOf(letter, x, y));
    if (x + across < 0 || x + across > SIDE - LETTER) across = -across;
    if (y + down < 0 || y + down > SIDE - LETTER) down = -down;
    x += across;
    y += down;
  }
  return Buffer.concat(parts);
}

/** ITU-R BT.601, limited range; of four pixels the colour of the first. The paper is the first pixel's. */
function frameOf(letter: Uint8Array, left: number, top: number): Uint8Array {
  const yuv = Buffer.alloc((SIDE * SIDE * 3) / 2);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column - left, row - top];
      const isInside = x >= 0 && x < LETTER && y >= 0 && y < LETTER;
      const at = isInside ? 3 * (y * LETTER + x) : 0;
      const [r, g, b] = letter.subarray(at, at + 3);
      yuv[row * SIDE + column] = Math.round(16 + (65.5 * r + 128.6 * g + 25 * b) / 255);
      if (row % 2 || column % 2) continue;
      const chroma = SIDE * SIDE + (row / 2) * (SIDE / 2) + column / 2;
      yuv[chroma] = Math.round(128 + (-37.8 * r - 74.2 * g + 112 * b) / 255);
      yuv[chroma + (SIDE * SIDE) / 4] = Math.round(128 + (112 * r - 93.8 * g - 18.2 * b) / 255);
    }
  }
  return yuv;
}
