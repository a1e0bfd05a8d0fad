/**
 * The pictures of the study: letters and digits of the open fonts of the showcase (npm `@fontsource/…`, SIL
 * Open Font License 1.1), smooth, in eight pairs of colours. All letters of every eighth family of fonts
 * are kept from training, to be completed and scored.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { hashWords } from '../../base/random.ts';
import { sharp } from '../../base/sharp.ts';
import { installFonts } from '../../showcase/corpus/corpus.ts';
import { openFont } from '../../showcase/corpus/glyph.ts';
import { listStyles, type Style } from '../../showcase/corpus/styles.ts';
import { CHARACTERS, COLOURS } from '../../showcase/corpus/write.ts';
import { FONTS_FOLDER, HELD_OUT, learnedFamilies } from '../../showcase/families.ts';

/** Pixels of a picture's side, and of the letter's longer side. */
export const PICTURE = 64;
const LETTER = 56;

const EVERY = 8;
/** Pictures that every arm is scored on. */
const SCORED = 96;
/** Training pictures that the dials take: more than they see. */
const FOR_DIALS = 10_000;

const UNITS = 1000;
const AT_ONCE = 4;

/** Written last: the pictures beside it are complete. */
const DONE = 'complete.txt';

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
export async function studyCorpus(root: string): Promise<StudyCorpus> {
  const corpus = join(root, 'letters');
  const [train, held] = ['train', 'held'].map((name) => join(corpus, name));
  const dials = join(corpus, 'dials.txt');
  if (!existsSync(join(corpus, DONE))) {
    await drawLetters(train, held);
    const names = (await readdir(train)).sort();
    await writeFile(
      dials,
      every(names, FOR_DIALS)
        .map((name) => `train/${name}\n`)
        .join(''),
    );
    await writeFile(join(corpus, DONE), `${names.length} to train on\n`);
  }
  const others = (await readdir(held)).sort();
  return { train, dials, held, scored: every(others, SCORED).map((name) => join(held, name)) };
}

async function drawLetters(train: string, held: string): Promise<void> {
  await installFonts();
  const families = [...(await learnedFamilies()), ...HELD_OUT].sort();
  for (const [nth, family] of families.entries()) {
    const styles = await listStyles(join(FONTS_FOLDER, 'node_modules'), [family]);
    const folder = nth % EVERY === 0 ? held : train;
    await mkdir(folder, { recursive: true });
    for (const [s, style] of styles.entries()) await drawStyle(folder, style, 64 * nth + s);
  }
}

async function drawStyle(folder: string, { family, weight, path }: Style, seed: number) {
  const font = await openFont(path);
  const limit = pLimit(AT_ONCE);
  const draw = async (character: string) => {
    const glyph = font.charToGlyph(character);
    const outline = glyph.getPath(0, 0, UNITS);
    const { x1, y1, x2, y2 } = outline.getBoundingBox();
    if (glyph.index === 0 || !(x2 > x1 && y2 > y1)) return;
    const scale = LETTER / Math.max(x2 - x1, y2 - y1);
    const [left, top] = [(x1 + x2) / 2, (y1 + y2) / 2].map((at) => PICTURE / 2 - scale * at);
    const code = character.charCodeAt(0);
    const colour = hashWords(seed, code) % COLOURS.length;
    const [ink, paper] = COLOURS[colour].map((rgb) => `rgb(${rgb.join()})`);
    const drawing = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${PICTURE}" height="${PICTURE}">`,
      `<rect width="100%" height="100%" fill="${paper}"/>`,
      `<path fill="${ink}" transform="translate(${left.toFixed(3)} ${top.toFixed(3)}) scale(${scale.toFixed(6)})"`,
      ` d="${outline.toPathData(1)}"/></svg>`,
    ].join('');
    await sharp(Buffer.from(drawing))
      .removeAlpha()
      .png({ compressionLevel: 1 })
      .toFile(join(folder, `${family}-${weight}-${code}-${colour}.png`));
  };
  await Promise.all([...CHARACTERS].map((character) => limit(() => draw(character))));
}

/** `count` of the names, spread evenly; all, where there are fewer. */
function every<T>(names: readonly T[], count: number): T[] {
  const share = Math.max(1, names.length / count);
  return names.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
}
