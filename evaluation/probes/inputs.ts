/** The files that a model is probed with. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { CodecDefinition } from '../../tokenizer/index.ts';
import { isContactSheetAmong } from '../pictures/contact-sheet.ts';

/**
 * Files as they are named, and the inputs of the codec in folders and all folders below them.
 * @returns paths; those of a folder by name
 * @throws CodecLmError `INPUT_NOT_FOUND`; `INPUT_EMPTY` that names the folder
 */
export async function filesToProbe(
  paths: readonly string[],
  { extensions, noun }: CodecDefinition,
): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await listFolder(path, extensions);
    if (found?.length === 0) {
      throw new CodecLmError('INPUT_EMPTY', `${path}: no ${noun} is in this folder`, {
        path,
        hint: `files are looked for by name: ${[...extensions].join(' ')}`,
      });
    }
    files.push(...(found ?? [path]));
  }
  return files;
}

/** @returns undefined for a file */
async function listFolder(
  path: string,
  extensions: ReadonlySet<string>,
): Promise<string[] | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return undefined;
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const isContactSheet = isContactSheetAmong(entries);
    return entries
      .filter((entry) => !isContactSheet(entry))
      .filter(({ name }) => !name.startsWith('.') && extensions.has(extname(name).toLowerCase()))
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
  } catch (error) {
    throw readError(error, path);
  }
}
