/**
 * Draws how much each part of an image surprised a model: the bits of each MCU over its 16x16
 * pixels.
 */
import { sharp } from '../../../base/sharp.ts';
import { bitsByBlock, heat, pngOf } from '../pictures/heat.ts';
import { parseDocument } from './document.ts';
import { insertTables } from './view.ts';

/** Side of an MCU in pixels (4:2:0). */
const MCU_SIDE = 16;

/** @param byteBits bits of each byte: [document.length] */
export function bitsByMcu(document: Uint8Array, byteBits: Float64Array): Float64Array {
  return bitsByBlock(byteBits, parseDocument(document).mcuOffsets, document.length);
}

/**
 * @param byteBits bits of each byte: [document.length]
 * @returns a PNG file
 */
export async function surpriseOfJpeg(
  document: Uint8Array,
  byteBits: Float64Array,
  quality: number,
): Promise<Uint8Array> {
  const bits = bitsByMcu(document, byteBits);
  const picture = sharp(insertTables(document, quality)).toColourspace('srgb').removeAlpha();
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const raster = { width: info.width, height: info.height, pixels: data };
  return pngOf(heat(raster, bits, { hottest: Math.max(...bits), block: MCU_SIDE }));
}
