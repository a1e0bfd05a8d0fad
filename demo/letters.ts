/** The corpus of the demo: letters of the fonts that come with the development dependencies. */

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { listStyles } from '../showcase/corpus/styles.ts';
import { writeLetters } from '../showcase/corpus/write.ts';
import { copyPrompts } from '../showcase/pictures.ts';

/** Families that the demo's own model learns. */
export const DEMO_FAMILIES: readonly string[] = (
  'besley catamaran dosis encode-sans figtree karla league-spartan lexend manrope martel ' +
  'maven-pro outfit red-hat-display sen sora urbanist'
).split(' ');

/** A family that neither the demo's nor the shipped model has seen. */
export const PROMPT_FAMILY = 'poppins';

/** Letters whose lower half is completed. */
const PROMPTS = { style: `${PROMPT_FAMILY}-600`, letters: 'ARgS5k' };

/** Pictures of each letter that is learned. */
const COLOURS = 2;

/**
 * Writes letters to learn, letters of another family, and those of them that are completed.
 * @returns the numbers of pictures and of families that are learned
 */
export async function writeDemoLetters(
  letters: string,
  heldOut: string,
  prompts: string,
): Promise<{ learned: number; families: number }> {
  const modules = fontModules();
  const learned = await writeLetters(letters, await listStyles(modules, DEMO_FAMILIES), COLOURS);
  await writeLetters(heldOut, await listStyles(modules, [PROMPT_FAMILY]), 1);
  await mkdir(prompts, { recursive: true });
  await copyPrompts(heldOut, prompts, PROMPTS.style, PROMPTS.letters);
  return { learned, families: DEMO_FAMILIES.length };
}

/** The folder `node_modules` that holds the fonts. */
export function fontModules(): string {
  const manifest = createRequire(import.meta.url).resolve(
    `@fontsource/${PROMPT_FAMILY}/package.json`,
  );
  return join(dirname(manifest), '..', '..');
}
