/** The folder that a demo writes to. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';

const MARKER = '.codec-lm-demo';

/** Makes the folder empty; one that no demo made is never touched. */
export async function clearFolder(folder: string): Promise<void> {
  if (existsSync(folder) && !existsSync(join(folder, MARKER))) {
    throw new CodecLmError('OUTPUT_IN_USE', `${folder} was not made by the demo`, {
      hint: 'name another folder: npm run demo -- FOLDER',
    });
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MARKER), 'Made by `npm run demo`, which empties this folder.\n');
}
