/**
 * Runs the table of cases, inputs that once failed, and says which pass.
 *   node --import=tsx bench/peers/cases/run.ts FOLDER [WORD]
 * FOLDER holds what `make_cases.py FOLDER` made; with WORD only rows whose name has it are run.
 */
import { messageOf } from '../../../base/error.ts';
import { ARCHIVES } from './archives.ts';
import type { Case } from './case.ts';
import { IMAGES } from './images.ts';
import { VIDEOS } from './videos.ts';

/** One line for each file of rows. */
const CASES: readonly Case[] = [...ARCHIVES, ...IMAGES, ...VIDEOS];

const [folder, word = ''] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder that make_cases.py made');
let failed = 0;
for (const { name, check } of CASES) {
  if (!name.includes(word)) continue;
  try {
    await check(folder);
    process.stdout.write(`ok    ${name}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`FAIL  ${name}\n      ${messageOf(error)}\n`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
