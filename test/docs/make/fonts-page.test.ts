import { readFile } from 'node:fs/promises';
import test from 'ava';
import { FONTS_PAGE, formatFontsPage } from '../../../docs/make/fonts-page.ts';
import { HELD_OUT, learnedFamilies } from '../../../showcase/families.ts';

test('the data card of the showcase is what `npm run docs:fonts` writes', async (t) => {
  t.is(await readFile(FONTS_PAGE, 'utf8'), await formatFontsPage());
});

test('it names each family once, those that are held out among them', async (t) => {
  const page = await formatFontsPage();
  const learned = await learnedFamilies();
  t.is([...page.matchAll(/\| learned \|/g)].length, learned.length);
  t.is([...page.matchAll(/\| held out \|/g)].length, HELD_OUT.length);
  for (const family of HELD_OUT) t.false(learned.includes(family));
});
