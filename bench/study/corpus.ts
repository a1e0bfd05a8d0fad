/**
 * The pictures of the study: letters and digits of the open fonts of the showcase (npm `@fontsource/…`, SIL
 * Open Font License 1.1), rasters of 16x16 pixels in eight pairs of colours. All letters of every eighth
 * family of fonts are kept from training, to be completed and scored.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { hashWords } from '../../base/random.ts';
import { sharp } from '../../base/sharp.ts';
import { installFonts } from '../../showcase/corpus/corpus.ts';
import { openFont, RASTER, rasterOf } from '../../showcase/corpus/glyph.ts';
import { listStyles, type Style } from '../../showcase/corpus/styles.ts';
import { CHARACTERS, COLOURS } from '../../showcase/corpus/write.ts';
import { FONTS_FOLDER, HELD_OUT, learnedFamilies } from '../../showcase/families.ts';

/** The rasters are enlarged to so many pixels, so that each codec has them at its own size. */
const SIDES = [128, 32, 16] as const;
export type Side = (typeof SIDES)[number];

const EVERY = 8;
/** Pictures that every arm is scored on. */
const SCORED = 96;
/** Training pictures that the dials take: more than they see. */
const FOR_DIALS = 10_000;

const AT_ONCE = 4;

/** Written last: the pictures beside it are complete. */
const DONE = 'complete.txt';

/** The pictures at one size. */
export interface StudyCorpus {
  /** Folder of the pictures to train on. */
  train: string;
  /** List of those that the dials train on. */
  dials: string;
  /** Folder of the pictures that are completed. */
  held: string;
  /** Pictures of `held` that every arm is scored on. */
  scored: readonly string[];
}

/** Draws the letters once; downloads the fonts first where they are missing. */
export async function studyCorpus(root: string): Promise<(side: Side) => StudyCorpus> {
  const corpus = join(root, 'letters');
  const folder = (name: string, side: Side) => join(corpus, `${name}-${side}`);
  if (!existsSync(join(corpus, DONE))) {
    await drawLetters(folder);
    const names = (await readdir(folder('train', SIDES[0]))).sort();
    for (const side of SIDES) {
      const lines = every(names, FOR_DIALS).map((name) => `train-${side}/${name}\n`);
      await writeFile(join(corpus, `dials-${side}.txt`), lines.join(''));
    }
    await writeFile(join(corpus, DONE), `${names.length} to train on\n`);
  }
  const scored = every((await readdir(folder('held', SIDES[0]))).sort(), SCORED);
  return (side) => ({
    ...{ train: folder('train', side), held: folder('held', side) },
    dials: join(corpus, `dials-${side}.txt`),
    scored: scored.map((name) => join(folder('held', side), name)),
  });
}

type FolderOf = (name: string, side: Side) => string;

async function drawLetters(folder: FolderOf): Promise<void> {
  for (const side of SIDES) {
    for (const name of ['train', 'held']) await mkdir(folder(name, side), { recursive: true });
  }
  await installFonts();
  const families = [...(await learnedFamilies()), ...HELD_OUT].sort();
  for (const [nth, family] of families.entries()) {
    const styles = await listStyles(join(FONTS_FOLDER, 'node_modules'), [family]);
    const name = nth % EVERY === 0 ? 'held' : 'train';
    for (const [s, style] of styles.entries()) {
      await drawStyle((side) => folder(name, side), style, 64 * nth + s);
    }
  }
}

async function drawStyle(
  folder: (side: Side) => string,
  { family, weight, path }: Style,
  seed: number,
): Promise<void> {
  const font = await openFont(path);
  const limit = pLimit(AT_ONCE);
  const draw = async (character: string) => {
    const raster = await rasterOf(font, character);
    if (raster === undefined) return;
    const code = character.charCodeAt(0);
    const colour = hashWords(seed, code) % COLOURS.length;
    const [ink, paper] = COLOURS[colour];
    const pixels = Uint8Array.from([...raster].flatMap((isInk) => (isInk ? ink : paper)));
    const raw = { width: RASTER, height: RASTER, channels: 3 } as const;
    for (const side of SIDES) {
      await sharp(pixels, { raw })
        .resize(side, side, { kernel: 'nearest' })
        .png({ compressionLevel: 1 })
        .toFile(join(folder(side), `${family}-${weight}-${code}-${colour}.png`));
    }
  };
  await Promise.all([...CHARACTERS].map((character) => limit(() => draw(character))));
}

/** `count` of the names, spread evenly; all, where there are fewer. */
function every<T>(names: readonly T[], count: number): T[] {
  const share = Math.max(1, names.length / count);
  return names.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
}
