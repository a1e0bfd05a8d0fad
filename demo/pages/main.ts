/**
 * `npm run docs:pages -- [FOLDER]`: makes one of each page in FOLDER, looks at them in Chromium, and writes
 * docs/pages.md with its pictures. Whole pages lie in FOLDER/shots. It takes about ten minutes on two cores,
 * most of it the two demos, and seconds where FOLDER has them already.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { sharp } from '../../base/sharp.ts';
import { pagesDoc, pictureName } from './doc.ts';
import type { PageToSee } from './list.ts';
import { makePages } from './make.ts';
import { type Shot, shotsOf } from './shots.ts';

const DOC = fileURLToPath(new URL('../../docs/pages.md', import.meta.url));
const PICTURES = fileURLToPath(new URL('../../docs/pictures/pages', import.meta.url));
/** Pictures of wide screens are made so much smaller: they are looked at beside text. */
const WIDEST = 1200;

async function main(): Promise<void> {
  const [folder = 'pages-output', ...only] = process.argv.slice(2);
  const pages = await makePages(folder);
  const chosen = only.length > 0 ? pages.filter(({ name }) => only.includes(name)) : pages;
  const executable = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  const shots = join(folder, 'shots');
  await mkdir(shots, { recursive: true });
  await mkdir(PICTURES, { recursive: true });
  const seen: [PageToSee, Shot[]][] = [];
  for (const page of chosen) {
    const taken = await shotsOf(page, executable);
    for (const shot of taken) {
      const name = pictureName(page, shot);
      await writeFile(join(shots, name.replace(/webp$/, 'png')), shot.whole);
      const small = sharp(shot.part).resize({ width: WIDEST, withoutEnlargement: true });
      await small.webp({ quality: 80 }).toFile(join(PICTURES, name));
    }
    process.stdout.write(`${page.name}: ${taken.length} pictures\n`);
    seen.push([page, taken]);
  }
  if (only.length === 0) await writeFile(DOC, pagesDoc(seen));
}

main().catch((error) => {
  process.stderr.write(`docs:pages: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});
