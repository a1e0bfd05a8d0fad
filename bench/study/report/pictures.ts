/** The pictures of the report. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RASTER } from '../../../showcase/corpus/glyph.ts';
import { gridOf } from '../../../tokenizer/codecs/pictures/grid.ts';
import { pngOf, type Raster } from '../../../tokenizer/codecs/pictures/heat.ts';
import { rasterOf } from '../rasters.ts';
import type { Drawn } from '../result.ts';

const SHOWN = 16;
const SCALE = 3;
export const SHOWN_RATIO = 0.5;
const GREY = 128;

/** A column for each picture: the original, what was given, and what each arm made of it. */
export async function completionsOf(drawn: readonly Drawn[]): Promise<Uint8Array> {
  const names = namesOf(drawn[0]);
  const originals = await Promise.all(
    names.map((name) =>
      shownAt(join(drawn[0].evaluation, 'prompts/whole/originals', `${name}.png`)),
    ),
  );
  const arms = await Promise.all(drawn.map((each) => drawnOf(each, `ratio-${SHOWN_RATIO}`, names)));
  return pngOf(gridOf([originals, originals.map(givenOf), ...arms], SCALE));
}

/** A row of pictures drawn without a prompt for each arm: the first ones, none left out. */
export async function samplesOf(drawn: readonly Drawn[]): Promise<Uint8Array> {
  const rows = drawn.map((each) => drawnOf(each, 'unconditional', namesOf(each)));
  return pngOf(gridOf(await Promise.all(rows), SCALE));
}

function namesOf({ table }: Drawn): string[] {
  const count = Math.min(SHOWN, table.pictures);
  return Array.from({ length: count }, (_, n) => String(n).padStart(8, '0'));
}

/** Pictures of an arm; places stay empty where it has not drawn any. */
async function drawnOf({ evaluation }: Drawn, condition: string, names: readonly string[]) {
  const [draw] = await readdir(join(evaluation, 'completions', condition)).catch(() => []);
  if (draw === undefined) return names.map(() => undefined);
  const folder = join(evaluation, 'completions', condition, draw, 'seed-0');
  const files = await readdir(folder);
  return Promise.all(
    names.map((name) => {
      const file = files.find((each) => each.startsWith(name) && /\.(png|jpg)$/.test(each));
      return file === undefined ? undefined : shownAt(join(folder, file));
    }),
  );
}

function givenOf({ pixels, ...size }: Raster): Raster {
  const given = Uint8Array.from(pixels);
  given.fill(GREY, 3 * size.width * Math.floor(SHOWN_RATIO * size.height));
  return { ...size, pixels: given };
}

/** All arms at one size, so that they stand side by side. */
async function shownAt(path: string): Promise<Raster> {
  const pixels = await rasterOf(path);
  return { width: RASTER, height: RASTER, pixels };
}
