/**
 * An image file to pixels of the wanted size: opened, cropped, resized, upright,
 * RGB. The choices are those of a torchvision data set (Pillow's decoder and
 * `convert('RGB')`, antialiased bilinear resizing); docs/jpeg.md has the figures.
 */
import type { Sharp, SharpOptions } from 'sharp';
import { sharp } from '../../../base/sharp.ts';
import { centreCrop, type Region, type Size, swapped, turnOf } from './crop.ts';
import { type Draft, draftOf } from './draft.ts';
import { probe } from './probe.ts';
import type { JpegSettings } from './settings.ts';

/** Of sharp's kernels the one nearest to Pillow's antialiased bilinear. */
const KERNEL = 'linear';

/** Of sharp's kernels the one that keeps most of what the second resizing needs. */
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

  const draft = found.isJpeg ? draftOf(found, crop, target) : undefined;
  let image: Sharp;
  if (draft !== undefined) {
    image = await openDraft(source, options, draft, settings);
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

/** The crop of a large JPEG, decoded at a fraction of its size. */
async function openDraft(
  source: Uint8Array,
  options: SharpOptions,
  { whole, part }: Draft,
  settings: JpegSettings,
): Promise<Sharp> {
  return rawCopy(
    sharp(source, options)
      .resize(whole.width, whole.height, { fit: 'fill', kernel: DRAFT_KERNEL })
      .extract(part),
    settings,
  );
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
