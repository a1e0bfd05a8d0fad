/** Draws a clip: its frames side by side, or as an animation. */
import { sharp } from '../../../base/sharp.ts';
import { GAP } from './strip-size.ts';
import type { RgbClip } from './view.ts';

const BACKGROUND = { r: 24, g: 24, b: 27 };
/** Widest picture that opens everywhere; a wider strip is broken into rows. */
const MAX_SIDE = 8192;

export interface StripOptions {
  /** Number of given (not generated) frames: they get a line under them. */
  promptFrames?: number;
  /** Most frames per row. */
  columns?: number;
}

const PROMPT_LINE = { r: 250, g: 176, b: 5 };
const LINE = 3;

/** @returns a PNG file with all frames in order, from left to right */
export async function drawStrip(clip: RgbClip, options: StripOptions = {}): Promise<Uint8Array> {
  const { width, height, frames } = clip;
  const { promptFrames = 0 } = options;
  const line = promptFrames > 0 ? LINE : 0;
  const [stepX, stepY] = [width + GAP, height + GAP + line];
  const fitting = Math.max(1, Math.floor((MAX_SIDE - GAP) / stepX));
  const columns = Math.min(frames.length, fitting, options.columns ?? frames.length);
  const rows = Math.ceil(frames.length / columns);
  const place = (i: number) => ({
    left: GAP + (i % columns) * stepX,
    top: GAP + Math.floor(i / columns) * stepY,
  });
  const tiles = frames.map((pixels, i) => ({
    input: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length),
    raw: { width, height, channels: 3 as const },
    ...place(i),
  }));
  const mark = { create: { width, height: LINE, channels: 3 as const, background: PROMPT_LINE } };
  const marks = Array.from({ length: Math.min(promptFrames, frames.length) }, (_, i) => ({
    input: mark,
    left: place(i).left,
    top: place(i).top + height,
  }));
  const canvas = { width: GAP + columns * stepX, height: GAP + rows * stepY, channels: 3 as const };
  return sharp({ create: { ...canvas, background: BACKGROUND } })
    .composite([...tiles, ...marks])
    .removeAlpha()
    .png()
    .toBuffer();
}

/**
 * @param fps frames per second
 * @param promptFrames number of given frames: a line is below them, as on the strip
 * @returns an animated WebP file that repeats forever
 */
export async function animate(
  { width, height, frames }: RgbClip,
  fps: number,
  promptFrames = 0,
): Promise<Uint8Array> {
  const pages =
    promptFrames === 0
      ? frames
      : frames.flatMap((frame, i) => [
          frame,
          lineBelow(width, i < promptFrames ? PROMPT_LINE : BACKGROUND),
        ]);
  const pageHeight = promptFrames === 0 ? height : height + LINE;
  const raw = {
    ...{ width, height: pageHeight * frames.length, pageHeight },
    channels: 3 as const,
  };
  return sharp(Buffer.concat(pages), { raw })
    .webp({ quality: 90, loop: 0, delay: frames.map(() => Math.round(1000 / fps)) })
    .toBuffer();
}

function lineBelow(width: number, { r, g, b }: typeof PROMPT_LINE): Uint8Array {
  return Uint8Array.from({ length: 3 * width * LINE }, (_, i) => [r, g, b][i % 3]);
}
