/** Every page of docs/guides, run as a reader would paste it: its blocks in order, in a folder like a fresh clone. */
import { readdirSync } from 'node:fs';
import test from 'ava';
import { blocksOf, missingLines } from '../helpers/guide.ts';
import { freshClone, walk } from '../helpers/walk.ts';

const PAGES = readdirSync(new URL('../../docs/guides', import.meta.url)).map(
  (name) => `docs/guides/${name}`,
);
/** Each is seen to be run, or to be a file that is, or to be what was printed. */
const LANGUAGES = ['sh', 'python', 'ts'];
/** Blocks that no machine of a test can run; each says why on the page. */
const MAX_SHOWN = 1;

test('there is a page a task', (t) => {
  t.true(PAGES.length >= 8, PAGES.join(' '));
});

test('every block is of a kind that is run, and every file of code is run by a command', async (t) => {
  let shown = 0;
  for (const page of PAGES) {
    const blocks = await blocksOf(page);
    const commands = blocks.filter(({ language }) => language === 'sh');
    t.true(commands.length > 2, page);
    const typed = commands.map(({ code }) => code).join('\n');
    const imported = blocks.map(({ code }) => code).join('\n');
    for (const { language, line, file, marks } of blocks) {
      const where = `${page}, line ${line}`;
      t.true(LANGUAGES.includes(language), where);
      if (marks.shown) shown++;
      if (language === 'sh') continue;
      t.truthy(file, `${where} has no name of a file in its first line`);
      const name = file!.replace(/\.\w+$/, '');
      t.true(typed.includes(file!) || imported.includes(`from ${name} import`), where);
    }
  }
  t.true(shown <= MAX_SHOWN, `${shown} blocks are shown only`);
});

test('what a page says a command prints is looked for line by line, in order', (t) => {
  t.deepEqual(missingLines('a 1\n…\nb … 2\n', 'x\n  a  1\ny\nb anything 2\n'), []);
  t.deepEqual(missingLines('a 1\nb 2\n', 'b 2\na 1\n'), ['b 2']);
  t.deepEqual(missingLines('a (1)\n', 'a 1\n'), ['a (1)']);
  t.deepEqual(missingLines('a\n', 'ab\n'), ['a']);
});

for (const page of PAGES) {
  test.serial(`the commands of ${page} work as they stand, and print what it says`, async (t) => {
    await walk(t, await blocksOf(page), await freshClone(t));
  });
}
