/** The corpus of the showcase: fonts are installed, and their letters drawn. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { FONTS_FOLDER, HELD_OUT, learnedFamilies } from '../families.ts';
import { listStyles } from './styles.ts';
import { writeLetters } from './write.ts';

/** Written last: the pictures beside it are complete. */
const DONE = 'complete.txt';

/** Pictures of each letter that is learned. */
const LEARNED_COLOURS = 2;

/**
 * Writes the letters that are learned to `learned/` and those of other fonts to `held-out/`, once.
 * Downloads the fonts first where they are missing.
 */
export async function writeCorpus(folder: string): Promise<void> {
  const done = join(folder, DONE);
  if (existsSync(done)) return;
  await installFonts();
  const modules = join(FONTS_FOLDER, 'node_modules');
  const families = await learnedFamilies();
  const styles = await listStyles(modules, families);
  const learned = await writeLetters(join(folder, 'learned'), styles, LEARNED_COLOURS);
  const heldOut = await writeLetters(
    join(folder, 'held-out'),
    await listStyles(modules, HELD_OUT),
    1,
  );
  const counts = `${learned} letters of ${styles.length} styles of ${families.length} families; ${heldOut} of ${HELD_OUT.length} others\n`;
  await writeFile(done, counts);
  process.stdout.write(counts);
}

/**
 * Installs the fonts from the npm registry, once.
 * @throws CodecLmError `TOOL_MISSING` when npm cannot install them
 */
export async function installFonts(): Promise<void> {
  if (existsSync(join(FONTS_FOLDER, 'node_modules', '.package-lock.json'))) return;
  const args = ['ci', '--prefix', FONTS_FOLDER, '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = spawn('npm', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const status = await new Promise<number | null>((resolve, reject) => {
    npm.on('error', reject);
    npm.on('exit', resolve);
  });
  if (status !== 0) {
    throw new CodecLmError(
      'TOOL_MISSING',
      `the fonts could not be installed: npm ended with ${status}`,
      {
        hint: 'fonts come from the npm registry: npm ci --prefix showcase/fonts',
      },
    );
  }
}
