/** `npm run docs:heat-maps`: letters of a family that the showcase model has not seen, each beside its heat map. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { writeDemoLetters } from '../../demo/letters.ts';
import { step } from '../../demo/steps.ts';

const MODEL = fileURLToPath(new URL('../../showcase/model', import.meta.url));
const PICTURE = fileURLToPath(new URL('../pictures/heat-maps.png', import.meta.url));
const SIDE = 128;
const GAP = 8;
const WHITE = { r: 255, g: 255, b: 255 };

const folder = await mkdtemp(join(tmpdir(), 'codec-lm-heat-maps-'));
try {
  const [letters, heldOut, prompts, maps] = ['letters', 'held-out', 'prompts', 'maps'].map((name) =>
    join(folder, name),
  );
  await writeDemoLetters(letters, heldOut, prompts);
  const files = (await readdir(prompts)).sort().map((name) => join(prompts, name));
  await step('trainer', ['score', '--checkpoint', MODEL, '--map', maps, ...files]);
  const drawn = (await readdir(maps)).sort().map((name) => join(maps, name));
  const tiles = files.flatMap((file, i) => [file, drawn[i]]);
  const pictures = await Promise.all(
    tiles.map((file) => sharp(file).resize(SIDE, SIDE, { kernel: 'nearest' }).png().toBuffer()),
  );
  // The map touches its picture; a gap parts one pair from the next.
  const composites = pictures.map((input, i) => ({
    input,
    top: 0,
    left: i * SIDE + Math.floor(i / 2) * GAP,
  }));
  const width = pictures.length * SIDE + (files.length - 1) * GAP;
  await sharp({ create: { width, height: SIDE, channels: 3, background: WHITE } })
    .composite(composites)
    .png({ palette: true })
    .toFile(PICTURE);
} finally {
  await rm(folder, { recursive: true, force: true });
}
