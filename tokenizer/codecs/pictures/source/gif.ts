/**
 * Finds the colour that Pillow's convert('RGB') shows where the first frame of a GIF is transparent
 * or does not cover the screen. libvips draws black there and drops the colour that the palette has
 * for it.
 */
import type { Region, Size } from '../crop.ts';

export interface GifGround {
  /** RGB of the transparent index; of index 0 if there is none. Both kinds of pixels get it. */
  readonly colour: readonly [number, number, number];
  /** The part of the screen that the frame covers. */
  readonly frame: Region;
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const GRAPHIC_CONTROL = 0xf9;

/** Bits of the packed fields (GIF89a, sections 18, 20 and 23). */
const HAS_TABLE = 0x80;
const TABLE_SIZE = 0x07;
const IS_TRANSPARENT = 0x01;

export function isGif(source: Uint8Array): boolean {
  return source[0] === 0x47 && source[1] === 0x49 && source[2] === 0x46 && source[3] === 0x38;
}

/** @returns undefined when there is no first frame: the decoder will say why */
export function gifGround(source: Uint8Array): GifGround | undefined {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  let palette = tableOf(source, 10, 13);
  let offset = 13 + palette.length;
  let index = 0;
  while (offset + 10 < source.length) {
    if (source[offset] === EXTENSION) {
      const isControl = source[offset + 1] === GRAPHIC_CONTROL && source[offset + 2] >= 4;
      if (isControl && source[offset + 3] & IS_TRANSPARENT) index = source[offset + 6];
      offset = afterBlocks(source, offset + 2);
    } else if (source[offset] === IMAGE) {
      const local = tableOf(source, offset + 9, offset + 10);
      if (local.length > 0) palette = local;
      const [left, top, width, height] = [1, 3, 5, 7].map((at) =>
        view.getUint16(offset + at, true),
      );
      const [red, green, blue] = palette.subarray(index * 3, index * 3 + 3);
      return {
        // Without a palette, an index is a shade of grey.
        colour: [red ?? index, green ?? index, blue ?? index],
        frame: { left, top, width, height },
      };
    } else {
      return undefined;
    }
  }
  return undefined;
}

/**
 * @param canvas size of the screen, or the size that a reader uses for a frame that reaches beyond
 * it
 */
export function leavesGround({ frame }: GifGround, canvas: Size): boolean {
  const { left, top, width, height } = frame;
  const isInside = left + width <= canvas.width && top + height <= canvas.height;
  return isInside && (width < canvas.width || height < canvas.height);
}

function tableOf(source: Uint8Array, packedAt: number, start: number): Uint8Array {
  const packed = source[packedAt];
  if (!(packed & HAS_TABLE)) return new Uint8Array(0);
  return source.subarray(start, start + 3 * 2 ** ((packed & TABLE_SIZE) + 1));
}

/**
 * The end of the sub-blocks that begin at `offset`: each is a length and that many bytes; length 0
 * ends them.
 */
function afterBlocks(source: Uint8Array, offset: number): number {
  let at = offset;
  while (at < source.length && source[at] !== 0) at += source[at] + 1;
  return at + 1;
}
