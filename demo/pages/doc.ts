/** docs/pages.md: the pages with their pictures, words and commands. */
import type { PageToSee } from './list.ts';
import { type Look, looksAt } from './shots.ts';

/** Name of a picture in docs/pictures/pages. */
export function pictureName({ name }: PageToSee, { width, colours }: Look): string {
  return `${name}-${width}${colours === 'dark' ? '-dark' : ''}.webp`;
}

export function pagesDoc(pages: readonly PageToSee[]): string {
  const parts = pages.map((page) => {
    const images = looksAt(page).map((look) => {
      const how = `${look.width} pixels wide${look.colours === 'dark' ? ', dark' : ''}`;
      return `<img src="pictures/pages/${pictureName(page, look)}" height="420" alt="${page.title}, ${how}">`;
    });
    return `## ${page.title}\n\n${page.words}\n\n    ${page.command}\n\n<p>\n${images.join('\n')}\n</p>\n`;
  });
  return `# The pages

Each page is one file that needs no other and asks for nothing from elsewhere, or is served with its model. All
follow the colours of the system, light or dark, and fit screens from 360 pixels on; a table that is wider
scrolls in its own box. The upper part of each was seen in Chromium as below; \`npm run docs:pages\` makes them again.

${parts.join('\n')}`;
}
