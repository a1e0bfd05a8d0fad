/**
 * What codecs keep of pictures: each picture through each codec and back, what is lost, and what it
 * costs (paper, figure 3 and section 5.3).
 */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { sharp } from '../../base/sharp.ts';
import type { Raster } from '../codecs/pictures/heat.ts';
import { imageInputSchema } from '../codecs/pictures/settings.ts';
import { luminanceOf, psnr, ssim } from '../codecs/pictures/similarity.ts';
import { pixelsOf } from '../codecs/pictures/source/baseline.ts';
import type { ComparedCodec } from './codecs.ts';

export interface RoundTrip {
  codec: string;
  symbols: number;
  /** Bits of a document without a model: symbols times the logarithm of the alphabet. */
  bits: number;
  /** Beside the picture at the codec's own size. */
  psnr: number;
  /** NaN for pictures of fewer than 11 pixels a side. */
  ssim: number;
  original: Raster;
  returned: Raster;
  /** Grey where nothing is lost, differences `GAIN` times as large. */
  difference: Raster;
}

export interface ComparedPicture {
  path: string;
  trips: RoundTrip[];
}

/** Differences are drawn so many times as large. */
export const GAIN = 4;

/**
 * @throws CodecLmError of the picture, with a code of the scope `input`; those of the codecs
 */
export async function comparePicture(
  path: string,
  codecs: readonly ComparedCodec[],
): Promise<ComparedPicture> {
  const source = await readFile(path).catch((error) => {
    throw readError(error, path);
  });
  const trips: RoundTrip[] = [];
  for (const { name, codec } of codecs) {
    const { width, height } = codec;
    const encoder = await codec.encoder();
    const { symbols } = await encoder.encode(source, path);
    const original = { width, height, pixels: await originalOf(source, path, codec) };
    const returned = await rasterOf(await codec.view(symbols), name);
    if (returned.pixels.length !== original.pixels.length) {
      const found = `${returned.width}x${returned.height}, not ${width}x${height}`;
      throw new CodecLmError('INTERNAL', `${name} gives ${path} back as ${found}`, { path });
    }
    trips.push({
      codec: name,
      symbols: symbols.length,
      bits: symbols.length * Math.log2(codec.alphabet),
      psnr: psnr(original.pixels, returned.pixels),
      ssim: ssim(luminanceOf(original), luminanceOf(returned)),
      ...{ original, returned, difference: differenceOf(original, returned) },
    });
  }
  return { path, trips };
}

/** The pixels that the codec was given: decoded, cropped and resized with its settings. */
function originalOf(
  source: Uint8Array,
  path: string,
  { settings, width, height }: ComparedCodec['codec'],
): Promise<Uint8Array> {
  const known = Object.entries(settings).filter(([key]) => key in imageInputSchema.shape);
  const input = imageInputSchema.parse(Object.fromEntries(known));
  return pixelsOf(source, path, { ...input, width, height });
}

async function rasterOf(file: Uint8Array, label: string): Promise<Raster> {
  try {
    const { data, info } = await sharp(file)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (cause) {
    throw new CodecLmError('INTERNAL', `the picture that ${label} gives back does not open`, {
      cause,
    });
  }
}

function differenceOf({ pixels, ...size }: Raster, returned: Raster): Raster {
  const lost = Uint8ClampedArray.from(
    pixels,
    (value, i) => 128 + GAIN * (returned.pixels[i] - value),
  );
  return { ...size, pixels: new Uint8Array(lost.buffer) };
}
