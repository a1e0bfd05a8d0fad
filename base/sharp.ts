/**
 * The one door to libvips. Its settings are process-wide, so they are made here
 * and nowhere else; whoever needs sharp imports it from this file. It is loaded with the
 * first picture: who only reads token shards need not have it.
 */
import type { Sharp, SharpInput, SharpOptions } from 'sharp';
import { loadOptional } from './optional.ts';

type Library = typeof import('sharp');

let loaded: Library | undefined;

/** @throws CodecLmError `TOOL_MISSING` */
function library(): Library {
  if (loaded) return loaded;
  const sharp = loadOptional<Library>('sharp', 'pictures');
  // An image is small work: one thread each and several images in flight is faster than many threads on one.
  sharp.concurrency(1);
  // No image is seen twice, so a cache only holds memory.
  sharp.cache(false);
  loaded = sharp;
  return sharp;
}

/** As sharp's own. @throws CodecLmError `TOOL_MISSING` where sharp is not installed */
export function sharp(options?: SharpOptions): Sharp;
export function sharp(input?: SharpInput | SharpInput[], options?: SharpOptions): Sharp;
export function sharp(...args: unknown[]): Sharp {
  return (library() as unknown as (...args: unknown[]) => Sharp)(...args);
}

/**
 * Whether the libvips in use reads files of that suffix, as `.heic`.
 * @throws CodecLmError `TOOL_MISSING`
 */
export function sharpReads(suffix: string): boolean {
  return Object.values(library().format).some(({ input }) => input.fileSuffix?.includes(suffix));
}

/**
 * What the canonical bytes depend on, as written in shard metadata.
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
