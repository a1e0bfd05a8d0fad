/** The styles of fonts whose letters are drawn: upright files of Latin letters, family by family. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';

/** The only licence that is accepted: that of the SIL, which lets pictures of letters be used freely. */
export const LICENCE = 'OFL-1.1';

/** Thinner strokes are narrower than a pixel at this size. */
const LIGHTEST = 400;

export interface Style {
  family: string;
  weight: number;
  /** The font, in the web's format WOFF. */
  path: string;
}

/**
 * Lists the styles of the packages `@fontsource/NAME` in a folder `node_modules`.
 * @param families names of packages, in the order that the styles are wanted in
 * @throws CodecLmError `INPUT_NOT_FOUND` for a family that is not installed; `CONFIG_INVALID` for one
 *   with another licence
 */
export async function listStyles(modules: string, families: readonly string[]): Promise<Style[]> {
  const styles = await Promise.all(families.map((family) => stylesOf(modules, family)));
  return styles.flat();
}

async function stylesOf(modules: string, family: string): Promise<Style[]> {
  const folder = join(modules, '@fontsource', family);
  const { license, version } = await manifestOf(folder, family);
  if (license !== LICENCE) {
    throw new CodecLmError('CONFIG_INVALID', `@fontsource/${family} ${version} is ${license}`, {
      path: folder,
      hint: `letters are drawn from fonts under ${LICENCE} only: leave this family out`,
    });
  }
  const files = await readdir(join(folder, 'files'));
  return files
    .map((file) => ({ file, weight: Number(uprightOf(family).exec(file)?.[1] ?? 0) }))
    .filter(({ weight }) => weight >= LIGHTEST)
    .sort((a, b) => a.weight - b.weight)
    .map(({ file, weight }) => ({ family, weight, path: join(folder, 'files', file) }));
}

const uprightOf = (family: string) => new RegExp(`^${family}-latin-(\\d+)-normal\\.woff$`);

async function manifestOf(folder: string, family: string) {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return manifest as { license: string; version: string };
  } catch (error) {
    throw new CodecLmError('INPUT_NOT_FOUND', `the font @fontsource/${family} is not installed`, {
      path: folder,
      cause: error,
      hint: 'install the fonts: npm ci --prefix showcase/fonts',
    });
  }
}
