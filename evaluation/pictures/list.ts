/** The pictures of a folder, in an order that is the same on every disk. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { isContactSheetAmong } from './contact-sheet.ts';

/** Extensions of the files that are read; others (descriptions, pages) are passed over. */
const EXTENSIONS = /\.(jpe?g|png|webp|gif|tiff?|bmp|avif|heic|heif)$/i;

/**
 * Lists the folder and all folders below it; hidden ones are left out, and so are the contact sheets of
 * `trainer sample`.
 * @returns paths, sorted by name
 * @throws CodecLmError `INPUT_NOT_FOUND`; `INPUT_EMPTY` for a folder without pictures
 */
export async function listPictures(folder: string): Promise<string[]> {
  const found: string[] = [];
  let others = 0;
  try {
    if (!(await stat(folder)).isDirectory()) {
      throw new CodecLmError('INPUT_NOT_FOUND', `${folder}: a file, and no folder of pictures`, {
        path: folder,
        hint: 'name a folder of pictures, or an .npz file of statistics',
      });
    }
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const isContactSheet = isContactSheetAmong(entries);
    for (const entry of entries) {
      if (entry.isDirectory() || isContactSheet(entry)) continue;
      const path = join(entry.parentPath, entry.name);
      const isHidden = path
        .slice(folder.length)
        .split('/')
        .some((name) => name.startsWith('.'));
      if (isHidden) continue;
      if (EXTENSIONS.test(entry.name)) found.push(path);
      else others++;
    }
  } catch (error) {
    throw readError(error, folder);
  }
  if (found.length > 0) return found.sort();
  const what = others > 0 ? `${others} files, none of which is a picture` : 'no files';
  throw new CodecLmError('INPUT_EMPTY', `${folder}: ${what}`, {
    path: folder,
    hint: 'pictures are files named .jpg, .png, .webp, .gif, .tif, .bmp, .avif or .heic',
  });
}
