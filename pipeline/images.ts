/** What is particular to images: which files are, and which options make their codec. */
import type { Io } from '../cli/command.ts';
import {
  IMAGE_MERGES,
  type PlanImagesOptions,
  parseSize,
  type RunImagesOptions,
} from '../schemas/pipeline.ts';
import { createJpegCodec } from '../tokenizer/codecs/jpeg/encode.ts';
import { lanesOf, threadsHint } from './encode/lanes.ts';
import { requestOf } from './request.ts';
import type { RunRequest } from './run.ts';

/** Names that sharp's libvips reads; whether a file is what it is named shows when it is read. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  'jpg jpeg jpe jfif png webp gif tif tiff avif heic heif jp2 jxl bmp ppm pgm pnm svg'
    .split(' ')
    .map((extension) => `.${extension}`),
);

export async function imagesRequest(
  sources: readonly string[],
  options: PlanImagesOptions & Partial<RunImagesOptions>,
  io: Io,
  planOnly: boolean,
): Promise<RunRequest> {
  const { width, height } = parseSize(options.size);
  const { quality, orientation, icc, background, enlarge, failOn, svg } = options;
  const { maxPixels, timeoutSeconds } = options;
  const reading = { orientation, icc, background, enlarge, failOn, svg, maxPixels, timeoutSeconds };
  const media = {
    codec: createJpegCodec({ width, height, quality, ...reading }),
    noun: 'image',
    extensions: IMAGE_EXTENSIONS,
    merges: IMAGE_MERGES,
    lanes: lanesOf(options.workers),
    hint: threadsHint(options.workers),
  };
  return requestOf(media, sources, options, io, planOnly);
}
