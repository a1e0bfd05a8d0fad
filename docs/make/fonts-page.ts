/** The data card of the showcase model: its fonts, their versions and their licence. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LICENCE } from '../../showcase/corpus/styles.ts';
import { FONTS_FOLDER, HELD_OUT } from '../../showcase/families.ts';

export const FONTS_PAGE = fileURLToPath(new URL('../../showcase/fonts/README.md', import.meta.url));

export async function formatFontsPage(): Promise<string> {
  const manifest = JSON.parse(await readFile(`${FONTS_FOLDER}package.json`, 'utf8'));
  const packages = Object.entries<string>(manifest.dependencies).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const rows = packages.map(([name, version]) => {
    const family = name.replace('@fontsource/', '');
    const use = HELD_OUT.includes(family) ? 'held out' : 'learned';
    return `| \`${name}\` | ${version} | ${LICENCE} | ${use} |`;
  });
  return `<!-- made by \`npm run docs:fonts\` -->
# The fonts of the showcase

The pictures that the model in \`showcase/model\` learned are letters of these ${packages.length} families of fonts:
A to Z, a to z and 0 to 9 in each upright style of weight 400 and more. The packages are npm's; each names
its authors in its file \`LICENSE\`. All are under the SIL Open Font License 1.1, and the script that draws
the letters refuses any other. The license is about the fonts; pictures made with them are free of it, and
no font is in this repository. The letters of families that are held out were never trained on.

| package | version | licence | use |
|---|---|---|---|
${rows.join('\n')}
`;
}
