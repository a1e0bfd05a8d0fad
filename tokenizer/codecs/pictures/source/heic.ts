/**
 * Reads HEIC photographs: HEVC, which the libvips inside sharp cannot decode. libheif-js (libheif
 * and libde265 as WebAssembly, LGPL-3.0) can; it is an optional dependency, loaded with the first
 * such file. It cannot be interrupted and blocks its process, so files go to `alone.ts`, which can
 * end the process.
 */
import { createRequire } from 'node:module';
import { CodecLmError } from '../../../../base/error.ts';
import { sharpReads } from '../../../../base/sharp.ts';
import type { RawPicture } from './bmp.ts';
import { brandsOf } from './name.ts';

const PACKAGE = 'libheif-js/wasm-bundle';

/** The functions of libheif-js that are used; this entry point has no types. */
interface LibHeif {
  readonly HeifDecoder: new () => Decoder;
}

interface Decoder {
  /** Reads only the headers. Empty when the file is damaged. */
  decode(source: Uint8Array): HeifImage[];
}

interface HeifImage {
  /** Width as seen: `irot`, `imir` and `clap` are applied. */
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  has_alpha_channel(): boolean;
  /** Decodes to RGBA; null when that fails. */
  display(
    target: { data: Uint8ClampedArray; width: number; height: number },
    done: (result: { data: Uint8ClampedArray } | null) => void,
  ): void;
  free(): void;
}

const require = createRequire(import.meta.url);

let isNeeded: boolean | undefined;
let decoder: Decoder | undefined;

/** Bytes that hold an image's configuration: it is in the meta box, which comes first. */
const HEAD = 1 << 18;

/** Whether this is a HEIC photograph that libvips cannot read but libheif-js can. */
export function needsLibheif(source: Uint8Array): boolean {
  if (!isHevc(source)) return false;
  // The libvips inside sharp lists only `.avif`; a custom build with libde265 also lists
  // `.heic`.
  isNeeded ??= isInstalled() && !sharpReads('.heic');
  return isNeeded;
}

function isInstalled(): boolean {
  try {
    require.resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
}

function isHevc(source: Uint8Array): boolean {
  const isStill = brandsOf(source).some((brand) => /^(he(ic|ix|im|is|vc|vx)|m[is]f1)$/.test(brand));
  if (!isStill) return false;
  const { buffer, byteOffset, length } = source;
  return Buffer.from(buffer, byteOffset, Math.min(length, HEAD)).includes('hvcC');
}

/**
 * Reads the primary image, upright.
 * @throws CodecLmError `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`
 */
export async function readHeic(
  source: Uint8Array,
  label: string,
  maxPixels: number,
): Promise<RawPicture> {
  // A name first: TypeScript 7.0.2 drops the parentheses of `new (require(PACKAGE) as LibHeif).HeifDecoder()`.
  const { HeifDecoder } = require(PACKAGE) as LibHeif;
  decoder ??= new HeifDecoder();
  const images = decoder.decode(source);
  try {
    const image = images.find((candidate) => candidate.is_primary()) ?? images[0];
    if (image === undefined) throw corrupt(label, 'finds no image in it');
    const [width, height] = [image.get_width(), image.get_height()];
    if (width * height > maxPixels) throw tooLarge(label, width, height);
    const rgba = await pixelsOf(image, width, height);
    if (rgba === undefined) throw corrupt(label, 'cannot decode its image');
    if (image.has_alpha_channel()) return { data: rgba, width, height, channels: 4 };
    return { data: withoutAlpha(rgba), width, height, channels: 3 };
  } finally {
    for (const image of images) image.free();
  }
}

function pixelsOf(
  image: HeifImage,
  width: number,
  height: number,
): Promise<Uint8Array | undefined> {
  const target = { data: new Uint8ClampedArray(width * height * 4), width, height };
  return new Promise((resolve) =>
    image.display(target, (result) =>
      resolve(result ? new Uint8Array(result.data.buffer) : undefined),
    ),
  );
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

function corrupt(label: string, what: string): CodecLmError {
  return new CodecLmError('IMAGE_CORRUPT', `${label} is damaged: libheif ${what}`, { path: label });
}

function tooLarge(label: string, width: number, height: number): CodecLmError {
  const message = `${label} is too large: ${width}x${height} pixels`;
  const hint = 'raise `maxPixels` if the file is to be trusted';
  return new CodecLmError('IMAGE_TOO_LARGE', message, { path: label, hint });
}
