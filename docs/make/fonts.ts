/** `npm run docs:fonts`: writes showcase/fonts/README.md. */
import { writeFile } from 'node:fs/promises';
import { FONTS_PAGE, formatFontsPage } from './fonts-page.ts';

await writeFile(FONTS_PAGE, await formatFontsPage());
