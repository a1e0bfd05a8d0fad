/** docs/pages.md: the pages with their pictures, words and commands. */
import type { PageToSee } from './list.ts';
import type { Shot } from './shots.ts';

/** Name of a picture in docs/pictures/pages. */
export function pictureName({ name }: PageToSee, { width, colours }: Shot): string {
  return `${name}-${width}${colours === 'dark' ? '-dark' : ''}.webp`;
}

export function pagesDoc(seen: readonly (readonly [PageToSee, readonly Shot[]])[]): string {
  const parts = seen.map(([page, shots]) => {
    const image = (shot: Shot) =>
      `<img src="pictures/pages/${pictureName(page, shot)}" height="420" alt="${page.title}, ${shot.width} pixels wide${shot.colours === 'dark' ? ', dark' : ''}">`;
    return `## ${page.title}\n\n${page.words} \`${page.command}\`\n\n<p>\n${shots.map(image).join('\n')}\n</p>\n`;
  });
  return `# The pages

Each page is one file that needs no other and asks for nothing from elsewhere, or is served with its model. All
follow the colours of the system, light or dark, and fit screens from 360 pixels on; a table that is wider
scrolls in its own box. The upper part of each was seen in Chromium as below; \`npm run docs:pages\` makes them again.

${parts.join('\n')}`;
}
