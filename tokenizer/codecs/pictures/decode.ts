/**
 * Decodes an image file to pixels of the wanted size: opened, cropped, resized, upright, RGB. It
 * follows a torchvision data set (Pillow's decoder and `convert('RGB')`, antialiased bilinear
 * resizing); docs/jpeg.md has the figures.
 */
import type { Sharp, SharpOptions } from 'sharp';
import { CodecLmError } from '../../../base/error.ts';
import { type Kernel, resize } from '../../../base/resize.ts';
import { sharp } from '../../../base/sharp.ts';
import { centreCrop, type Size, swapped, type Turn, turnOf } from './crop.ts';
import { type Draft, draftOf } from './draft.ts';
import { type Probe, probe } from './probe.ts';
import type { ImageSettings } from './settings.ts';
import { isBmp, type RawPicture, readBmp } from './source/bmp.ts';
import { gifGround, isGif, leavesGround } from './source/gif.ts';
import { needsLibheif, readHeic } from './source/heic.ts';

/** The sharp kernel that is closest to Pillow's antialiased bilinear. */
const KERNEL = 'linear';

/** Pillow's own kernel for enlarging. */
const ENLARGING_KERNEL: Kernel = 'bilinear';

/** The sharp kernel that keeps most of the detail that the second resize needs. */
const DRAFT_KERNEL = 'lanczos3';

/**
 * Up to this many pixels, an image is decoded at once and without a time limit: a fraction of a
 * second in any format. Above, rows pass through a window, so that memory does not grow with the
 * image, and time is limited; together that costs a fifth more per pixel.
 */
const SMALL_PIXELS = 2_000_000;

/** sharp limits the number of frames in a file; this project asks for the first frame only. */
function openOptions(settings: ImageSettings): SharpOptions {
  return {
    ignoreIcc: settings.icc === 'ignore',
    failOn: settings.failOn,
    limitInputPixels: settings.maxPixels,
    pages: 1,
  };
}

/**
 * Builds a sharp pipeline that gives `settings.width` x `settings.height` RGB pixels when an output
 * is requested.
 * @param label the file's name
 * @throws the error of sharp, which `imageError` understands; CodecLmError `IMAGE_TOO_SMALL`
 *   where the image would have to be enlarged and the settings refuse that
 */
export async function openImage(
  source: Uint8Array,
  label: string,
  settings: ImageSettings,
): Promise<Sharp> {
  const raw = await readHere(source, label, settings);
  const limits = openOptions(settings);
  const found = raw ? probeOf(raw) : await probe(source, label, limits);
  const isSmall = Math.max(pixelsOf(found), pixelsOf(settings)) <= SMALL_PIXELS;
  const options = { ...limits, sequentialRead: !isSmall };
  const turn = turnOf(settings.orientation === 'apply' ? found.orientation : 1);
  const isSideways = turn.angle === 90 || turn.angle === 270;
  const target = isSideways ? swapped(settings) : settings;
  const crop = centreCrop(found, settings, turn);
  const enlarges = crop.width < target.width || crop.height < target.height;
  if (enlarges && settings.enlarge === 'refuse') throw tooSmall(found, crop, target, label);

  const draft = found.isJpeg ? draftOf(found, crop, target) : undefined;
  if (draft !== undefined) {
    const image = await openDraft(source, options, draft, settings);
    return limited(turned(shrunk(image, target), turn), isSmall, settings);
  }
  const { image, ground } = raw
    ? { image: openRaw(raw), ground: undefined }
    : await openGrounded(source, options, found, settings);
  image.extract(crop);
  const background = settings.background ?? ground;
  const keepsGround = found.hasAlpha && background !== undefined;
  if (keepsGround) {
    // sharp lays the background under grey and CMYK pictures as one shade of their own colour
    // space.
    if (!found.isRgb) image.pipelineColourspace('srgb');
    image.flatten({ background });
  }
  if (enlarges) return enlarged(turned(image.removeAlpha(), turn), settings);
  const opaque = found.hasAlpha && !keepsGround ? await withoutAlpha(image, settings) : image;
  return limited(turned(shrunk(opaque, target), turn), isSmall, settings);
}

/** Reads formats that sharp's libvips does not read; undefined for all others. */
async function readHere(
  source: Uint8Array,
  label: string,
  { maxPixels }: ImageSettings,
): Promise<RawPicture | undefined> {
  if (isBmp(source)) return readBmp(source, label, maxPixels);
  return needsLibheif(source) ? readHeic(source, label, maxPixels) : undefined;
}

function probeOf({ width, height, channels }: RawPicture): Probe {
  const hasAlpha = channels === 4;
  return { width, height, orientation: 1, hasAlpha, isRgb: true, isJpeg: false };
}

function openRaw({ data, width, height, channels }: RawPicture): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

interface Grounded {
  readonly image: Sharp;
  /** The colour to show where the image is transparent, if the file has one. */
  readonly ground?: { r: number; g: number; b: number };
}

/** GIFs show a palette colour where they are transparent, and around an opaque frame. */
async function openGrounded(
  source: Uint8Array,
  options: SharpOptions,
  canvas: Probe,
  settings: ImageSettings,
): Promise<Grounded> {
  const image = sharp(source, options);
  const gif = isGif(source) ? gifGround(source) : undefined;
  if (gif === undefined) return { image };
  const [r, g, b] = gif.colour;
  const ground = { r, g, b };
  if (canvas.hasAlpha || !leavesGround(gif, canvas)) return { image, ground };
  const { left, top, width, height } = gif.frame;
  const inner = await rawCopy(image.extract(gif.frame), settings);
  const [right, bottom] = [canvas.width - left - width, canvas.height - top - height];
  inner.extend({ left, top, right, bottom, background: ground });
  return { image: await rawCopy(inner, settings), ground };
}

function pixelsOf({ width, height }: Size): number {
  return width * height;
}

function shrunk(image: Sharp, target: Size): Sharp {
  return image.resize(target.width, target.height, { fit: 'fill', kernel: KERNEL });
}

function turned(image: Sharp, { flip, flop, angle }: Turn): Sharp {
  if (flip) image.flip();
  if (flop) image.flop();
  return angle === 0 ? image : image.rotate(angle);
}

function limited(image: Sharp, isSmall: boolean, settings: ImageSettings): Sharp {
  if (!isSmall) image.timeout({ seconds: settings.timeoutSeconds });
  return image.toColourspace('srgb');
}

/**
 * Enlarges a crop that has a side smaller than the target's, upright. libvips enlarges half a pixel
 * off centre, so this is our own code. It turns the crop first, as Pillow does, because the order
 * of the two passes affects the result.
 */
async function enlarged(crop: Sharp, settings: ImageSettings): Promise<Sharp> {
  const { data, info } = await pixelsFrom(crop, settings);
  const { width, height } = settings;
  const pixels = resize(data, info, { width, height }, ENLARGING_KERNEL);
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}

function tooSmall(stored: Size, crop: Size, target: Size, label: string): CodecLmError {
  const sizes = [stored, crop, target].map(({ width, height }) => `${width}x${height}`);
  return new CodecLmError(
    'IMAGE_TOO_SMALL',
    `${label} is too small: of ${sizes[0]} pixels its crop has ${sizes[1]}, fewer than the ${sizes[2]} wanted`,
    { path: label, hint: 'choose a smaller `size`, or let it be enlarged with `enlarge: pillow`' },
  );
}

/** The crop of a large JPEG, decoded at a fraction of its size. */
async function openDraft(
  source: Uint8Array,
  options: SharpOptions,
  { whole, part }: Draft,
  settings: ImageSettings,
): Promise<Sharp> {
  return rawCopy(
    sharp(source, options)
      .resize(whole.width, whole.height, { fit: 'fill', kernel: DRAFT_KERNEL })
      .extract(part),
    settings,
  );
}

/**
 * sharp multiplies colours by alpha before it resizes, but Pillow's convert('RGB') drops alpha
 * first. So the alpha channel is removed in a separate pass.
 */
async function withoutAlpha(crop: Sharp, settings: ImageSettings): Promise<Sharp> {
  return rawCopy(crop.removeAlpha(), settings);
}

/** Runs a pipeline and opens its pixels, which are RGB from then on. */
async function rawCopy(image: Sharp, settings: ImageSettings): Promise<Sharp> {
  const { data, info } = await pixelsFrom(image, settings);
  return openRaw({ data, ...info, channels: info.channels as 3 | 4 });
}

/** Runs a pipeline and returns its pixels: RGB, 8 bits per sample. */
async function pixelsFrom(image: Sharp, settings: ImageSettings) {
  return image
    .toColourspace('srgb')
    .timeout({ seconds: settings.timeoutSeconds })
    .raw()
    .toBuffer({ resolveWithObject: true });
}
