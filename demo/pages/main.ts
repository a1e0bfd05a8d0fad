/**
 * `npm run docs:pages -- [FOLDER [NAME...]]`: makes one of each page in FOLDER, or those that are named,
 * looks at them in Chromium, and writes docs/pages.md with its pictures. Whole pages lie in FOLDER/shots. It takes about ten minutes on two cores,
 * most of it the two demos, and seconds where FOLDER has them already.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { sharp } from '../../base/sharp.ts';
import { pagesDoc, pictureName } from './doc.ts';
import { makePages } from './make.ts';
import { shotsOf } from './shots.ts';

const DOC = fileURLToPath(new URL('../../docs/pages.md', import.meta.url));
const PICTURES = fileURLToPath(new URL('../../docs/pictures/pages', import.meta.url));
/** Pictures of wide screens are made so much smaller: they are looked at beside text. */
const WIDEST = 1200;

async function main(): Promise<void> {
  const [folder = 'pages-output', ...only] = process.argv.slice(2);
  const pages = await makePages(folder, only);
  const executable = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  const shots = join(folder, 'shots');
  await mkdir(shots, { recursive: true });
  await mkdir(PICTURES, { recursive: true });
  for (const page of pages) {
    const taken = await shotsOf(page, executable);
    for (const shot of taken) {
      const name = pictureName(page, shot);
      await writeFile(join(shots, name.replace(/webp$/, 'png')), shot.whole);
      const small = sharp(shot.part).resize({ width: WIDEST, withoutEnlargement: true });
      await small.webp({ quality: 80 }).toFile(join(PICTURES, name));
    }
    process.stdout.write(`${page.name}: ${taken.length} pictures\n`);
  }
  if (only.length === 0) await writeFile(DOC, pagesDoc(pages));
}

main().catch((error) => {
  process.stderr.write(`docs:pages: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});
