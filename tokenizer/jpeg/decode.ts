/**
 * An image file to pixels of the wanted size: opened, cropped, resized, upright,
 * RGB. The choices are those of a torchvision data set (Pillow's decoder and
 * `convert('RGB')`, antialiased bilinear resizing); docs/jpeg.md has the figures.
 */
import type { Sharp, SharpOptions } from 'sharp';
import type { JpegSettings } from '../../schemas/jpeg.ts';
import { centreCrop, type Region, type Size, swapped, turnOf } from './crop.ts';
import { probe } from './probe.ts';
import { sharp } from './sharp.ts';

/** Of sharp's kernels the one nearest to Pillow's antialiased bilinear. */
const KERNEL = 'linear';

/**
 * From this reduction on a JPEG is first decoded at a fraction of its size, to
 * about twice the target: half the time, for 2.5 dB of likeness to Pillow (47.9
 * instead of 50.4, see docs/jpeg.md).
 */
const DRAFT_REDUCTION = 6;
const DRAFT_SCALE = 2;
const DRAFT_KERNEL = 'lanczos3';

/**
 * Up to here all pixels are decoded at once and nobody watches the clock: a fraction of
 * a second in any format. Above, rows pass through a window, so that memory need not
 * grow with the image, and time is limited; together that costs a fifth more a pixel.
 */
const SMALL_PIXELS = 2_000_000;

/** sharp's limit on the frames of one file is the one first frame we ask for. */
function openOptions(settings: JpegSettings): SharpOptions {
  return {
    ignoreIcc: settings.icc === 'ignore',
    failOn: settings.failOn,
    limitInputPixels: settings.maxPixels,
    pages: 1,
  };
}

/**
 * A pipeline that gives `settings.width` x `settings.height` RGB pixels once an
 * output is asked of it.
 * @param label the file's name
 * @throws the error of sharp, which `imageError` understands
 */
export async function openImage(
  source: Uint8Array,
  label: string,
  settings: JpegSettings,
): Promise<Sharp> {
  const limits = openOptions(settings);
  const found = await probe(source, label, limits);
  const isSmall = Math.max(pixelsOf(found), pixelsOf(settings)) <= SMALL_PIXELS;
  const options = { ...limits, sequentialRead: !isSmall };
  const turn = turnOf(settings.orientation === 'apply' ? found.orientation : 1);
  const isSideways = turn.angle === 90 || turn.angle === 270;
  const target = isSideways ? swapped(settings) : settings;
  const crop = centreCrop(found, settings, turn);

  const reduction = Math.min(crop.width / target.width, crop.height / target.height);
  let image: Sharp;
  if (found.isJpeg && reduction >= DRAFT_REDUCTION) {
    image = await draft(source, options, found, crop, target, settings);
  } else if (found.hasAlpha && settings.background === undefined) {
    image = await withoutAlpha(source, options, crop, settings);
  } else {
    image = sharp(source, options).extract(crop);
    if (settings.background !== undefined) image.flatten({ background: settings.background });
  }
  image.resize(target.width, target.height, { fit: 'fill', kernel: KERNEL });
  if (turn.flip) image.flip();
  if (turn.flop) image.flop();
  if (turn.angle !== 0) image.rotate(turn.angle);
  if (!isSmall) image.timeout({ seconds: settings.timeoutSeconds });
  return image.toColourspace('srgb');
}

function pixelsOf({ width, height }: Size): number {
  return width * height;
}

/** The crop of a large JPEG at about twice the target's size. */
async function draft(
  source: Uint8Array,
  options: SharpOptions,
  stored: Size,
  crop: Region,
  target: Size,
  settings: JpegSettings,
): Promise<Sharp> {
  const part = { width: target.width * DRAFT_SCALE, height: target.height * DRAFT_SCALE };
  // The rest must be even, so that the middle of the draft is the middle of the image.
  const width = evenlyAround(part.width, (stored.width * part.width) / crop.width);
  const height = evenlyAround(part.height, (stored.height * part.height) / crop.height);
  const left = (width - part.width) / 2;
  const top = (height - part.height) / 2;
  return rawCopy(
    sharp(source, options)
      .resize(width, height, { fit: 'fill', kernel: DRAFT_KERNEL })
      .extract({ ...part, left, top }),
    settings,
  );
}

function evenlyAround(part: number, whole: number): number {
  return part + 2 * Math.max(0, Math.round((whole - part) / 2));
}

/**
 * sharp multiplies colours by alpha before it resizes; Pillow's convert('RGB')
 * forgets alpha first. So the alpha channel has to go in a pass of its own.
 */
async function withoutAlpha(
  source: Uint8Array,
  options: SharpOptions,
  crop: Region,
  settings: JpegSettings,
): Promise<Sharp> {
  return rawCopy(sharp(source, options).extract(crop).removeAlpha(), settings);
}

/** Runs a pipeline and opens its pixels, which are RGB from here on. */
async function rawCopy(image: Sharp, settings: JpegSettings): Promise<Sharp> {
  const { data, info } = await image
    .toColourspace('srgb')
    .timeout({ seconds: settings.timeoutSeconds })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}
