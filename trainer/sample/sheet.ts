/** A contact sheet: all samples of a command in one PNG file; with prompts, one row per prompt. */

import { sharp } from '../../base/sharp.ts';
import type { Codec, Companion } from '../../tokenizer/index.ts';
import { givenInWords, type SampleFile, type WrittenSample } from './output.ts';
import type { Prompt } from './prompt.ts';

/** A picture of the sheet; null is drawn as an empty tile. */
export interface Tile {
  picture: Uint8Array | null;
  /** Caption on the page. */
  caption: string;
  /** Animation of the picture, for the page. */
  moving?: Companion;
  sample?: SampleFile;
  /** The part that was given, in words. */
  given?: string;
}

const GAP = 4;
const BACKGROUND = { r: 24, g: 24, b: 27 };
const EMPTY = { r: 63, g: 63, b: 70 };

/** Small pictures are enlarged to about this many pixels per side, so that they are visible. */
const TILE_SIDE = 128;

/** Widest sheet that opens everywhere; tiles of a wider one are made smaller. */
const MAX_SIDE = 8192;

/**
 * Without prompts, a square of samples. With prompts, one row per prompt: original, given part,
 * samples.
 * @param num number of samples per prompt
 */
export async function sheetRows(
  written: readonly WrittenSample[],
  prompts: readonly Prompt[] | undefined,
  num: number,
  codec: Codec,
): Promise<Tile[][]> {
  const ordered = [...written].sort((a, b) => a.sample.sample - b.sample.sample);
  const tiles = ordered.map(({ sample, picture, companions, given }) => ({
    ...{ picture, given },
    moving: companions.find(({ mime }) => mime === 'image/webp'),
    caption: `sample ${sample.sample}`,
    sample,
  }));
  if (prompts === undefined) return inSquare(tiles);
  return Promise.all(
    prompts.map(async (prompt, nth) => [
      {
        picture: await codec.still.draw(prompt.original, 0),
        caption: prompt.name,
        given: 'the original',
      },
      {
        picture: await givenOf(prompt, codec),
        caption: 'prompt',
        given: givenInWords(prompt.original, prompt.given, codec),
      },
      ...tiles.filter(({ sample }) => Math.floor(sample.sample / num) === nth),
    ]),
  );
}

/** Draws the given part of a prompt; null when only `<bos>` is given. */
async function givenOf({ original, given }: Prompt, { still }: Codec): Promise<Uint8Array | null> {
  return given === 0 ? null : still.draw(original.subarray(0, given), given);
}

function inSquare(tiles: Tile[]): Tile[][] {
  const columns = Math.ceil(Math.sqrt(tiles.length));
  const rows = Math.ceil(tiles.length / columns);
  return Array.from({ length: rows }, (_, row) => tiles.slice(row * columns, (row + 1) * columns));
}

/**
 * @param size size of a picture in pixels
 * @returns the PNG file
 */
export async function drawSheet(
  tiles: readonly Tile[][],
  size: { width: number; height: number },
): Promise<Uint8Array> {
  const columns = Math.max(...tiles.map((row) => row.length));
  const rows = tiles.length;
  const longest = Math.max(size.width, size.height);
  const enlarged = Math.max(1, Math.floor(TILE_SIDE / longest));
  const fitting = (MAX_SIDE / Math.max(columns, rows) - GAP) / longest;
  const scale = Math.min(enlarged, fitting);
  const width = Math.max(1, Math.floor(size.width * scale));
  const height = Math.max(1, Math.floor(size.height * scale));
  // Enlarging a small picture keeps its pixels sharp.
  const kernel = scale >= 1 ? 'nearest' : 'lanczos3';
  const drawn = await Promise.all(
    tiles.flatMap((row, y) =>
      row.map(async ({ picture }, x) => ({
        input: await drawTile(picture, width, height, kernel),
        left: GAP + x * (width + GAP),
        top: GAP + y * (height + GAP),
        raw: { width, height, channels: 3 as const },
      })),
    ),
  );
  const sheet = {
    width: GAP + columns * (width + GAP),
    height: GAP + rows * (height + GAP),
    channels: 3 as const,
    background: BACKGROUND,
  };
  return sharp({ create: sheet }).composite(drawn).png().toBuffer();
}

async function drawTile(
  picture: Uint8Array | null,
  width: number,
  height: number,
  kernel: 'nearest' | 'lanczos3',
): Promise<Buffer> {
  const source =
    picture === null
      ? sharp({ create: { width, height, channels: 3, background: EMPTY } })
      : sharp(picture, { failOn: 'none' }).resize(width, height, { kernel, fit: 'fill' });
  return source.removeAlpha().toColourspace('srgb').raw().toBuffer();
}
