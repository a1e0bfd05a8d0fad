/**
 * The one door to libvips. Its settings are process-wide, so they are made here
 * and nowhere else; whoever needs sharp imports it from this file.
 */
import sharp from 'sharp';

// An image is small work: one thread each and several images in flight is faster than many threads on one.
sharp.concurrency(1);
// No image is seen twice, so a cache only holds memory.
sharp.cache(false);

/** What the canonical bytes depend on, as written in shard metadata. */
export const SHARP_VERSIONS: Readonly<Record<string, string>> = {
  sharp: sharp.versions.sharp ?? 'unknown',
  libvips: sharp.versions.vips,
  mozjpeg: sharp.versions.mozjpeg ?? 'unknown',
};

export { sharp };
