/** The fonts of the showcase: those that are learned, and those that are kept for looking. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('fonts/', import.meta.url));

/** Where `npm ci --prefix showcase/fonts` puts the fonts. */
export const FONTS_FOLDER = FOLDER;

/** Families of which the model sees no letter: their letters are completed, and scored. */
export const HELD_OUT: readonly string[] = ['lato', 'poppins', 'rubik', 'zilla-slab'];

/** Names of the families that are learned, sorted. */
export async function learnedFamilies(): Promise<string[]> {
  const { dependencies } = JSON.parse(await readFile(`${FOLDER}package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(dependencies)
    .map((name) => name.replace('@fontsource/', ''))
    .filter((family) => !HELD_OUT.includes(family))
    .sort();
}
