/**
 * The only module that imports libvips (sharp). libvips settings are process-wide, so they are set
 * here and nowhere else. sharp is loaded with the first picture: a program that only reads token
 * shards does not need it.
 */
import type { Sharp, SharpInput, SharpOptions } from 'sharp';
import { loadOptional } from './optional.ts';

type Library = typeof import('sharp');

let loaded: Library | undefined;

/** @throws CodecLmError `TOOL_MISSING` */
function library(): Library {
  if (loaded) return loaded;
  const sharp = loadOptional<Library>('sharp', 'pictures');
  // An image is small work: one thread per image with several images in flight is faster than
  // many threads on one.
  sharp.concurrency(1);
  // Each image is read once, so a cache would only hold memory.
  sharp.cache(false);
  loaded = sharp;
  return sharp;
}

/**
 * Same signature as sharp's own function. @throws CodecLmError `TOOL_MISSING` where sharp is not
 * installed
 */
export function sharp(options?: SharpOptions): Sharp;
export function sharp(input?: SharpInput | SharpInput[], options?: SharpOptions): Sharp;
export function sharp(...args: unknown[]): Sharp {
  return (library() as unknown as (...args: unknown[]) => Sharp)(...args);
}

/**
 * Whether the installed libvips reads files with this suffix, such as `.heic`.
 * @throws CodecLmError `TOOL_MISSING`
 */
export function sharpReads(suffix: string): boolean {
  return Object.values(library().format).some(({ input }) => input.fileSuffix?.includes(suffix));
}

/**
 * The library versions that the canonical bytes depend on; they are written into shard metadata.
 * @throws CodecLmError `TOOL_MISSING`
 */
export function sharpVersions(): Readonly<Record<string, string>> {
  const { versions } = library();
  return {
    sharp: versions.sharp ?? 'unknown',
    libvips: versions.vips,
    mozjpeg: versions.mozjpeg ?? 'unknown',
  };
}
