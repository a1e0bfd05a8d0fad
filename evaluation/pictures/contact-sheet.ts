/** What `trainer sample` puts beside its samples, in a folder that is measured as a set of pictures. */
import type { Dirent } from 'node:fs';

const SHEET = 'sheet.png';
const PAGE = 'index.html';

/**
 * Tells contact sheets from pictures: one picture that shows all others would count as one of them,
 * and move every distance.
 * @param entries all files of a folder and the folders below it
 */
export function isContactSheetAmong(entries: readonly Dirent[]): (entry: Dirent) => boolean {
  const pages = new Set(
    entries.filter(({ name }) => name === PAGE).map(({ parentPath }) => parentPath),
  );
  return ({ name, parentPath }) => name === SHEET && pages.has(parentPath);
}
