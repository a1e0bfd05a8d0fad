/** A part of a picture. */
import type { PicturePixels } from '../../tokenizer/codecs/pictures/source/pixels.ts';

export interface PictureRegion {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function cropped({ width, data }: PicturePixels, region: PictureRegion): PicturePixels {
  const part = new Uint8Array(region.width * region.height * 3);
  for (let y = 0; y < region.height; y++) {
    const start = ((region.top + y) * width + region.left) * 3;
    part.set(data.subarray(start, start + region.width * 3), y * region.width * 3);
  }
  return { width: region.width, height: region.height, data: part };
}
