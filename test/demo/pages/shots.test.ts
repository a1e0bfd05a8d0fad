/** What `npm run docs:pages` looks for in each page, on pages that have it and on one that has not. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { html, htmlPage } from '../../../base/html.ts';
import { sharp } from '../../../base/sharp.ts';
import { pagesDoc, pictureName } from '../../../demo/pages/doc.ts';
import type { PageToSee } from '../../../demo/pages/list.ts';
import { shotsOf } from '../../../demo/pages/shots.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';

const WORDS = { name: 'one', title: 'One', words: 'A page.', command: 'codec-lm' };
const chromium = () =>
  execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();

async function page(t: ExecutionContext, body: string, script?: string): Promise<PageToSee> {
  const file = join(await temporaryFolder(t), 'page.html');
  await writeFile(file, htmlPage({ title: 'One', body: html`<h1>${body}</h1>`, script }));
  return { ...WORDS, source: { file }, isDark: true };
}

testWith('chromium', 'a page is looked at in both widths and colours', async (t) => {
  const one = await page(t, 'text');
  const shots = await shotsOf(one, chromium());
  t.deepEqual(
    shots.map((shot) => pictureName(one, shot)),
    ['one-360.webp', 'one-1600.webp', 'one-360-dark.webp', 'one-1600-dark.webp'],
  );
  for (const { width, colours, part } of shots) {
    t.is((await sharp(part).metadata()).width, width);
    const { channels } = await sharp(part).stats();
    t.is(channels[0].mean > 128, colours === 'light');
  }
  const doc = pagesDoc([one]);
  t.is(doc.match(/<img src="pictures\/pages\/one-/g)?.length, 4);
});

testWith('chromium', 'what sticks out or complains is an error', async (t) => {
  const wide = await page(t, 'text', "document.body.style.width = '500px'");
  await t.throwsAsync(shotsOf(wide, chromium()), { message: /one at 360 pixels: .*wider/ });
  const wrong = await page(t, 'text', 'nothing.at.all()');
  await t.throwsAsync(shotsOf(wrong, chromium()), { message: /nothing is not defined/ });
});

testWith('chromium', 'a served page draws from its example first', async (t) => {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, { side: 32 });
  const shots = await shotsOf({ ...WORDS, source: { checkpoint } }, chromium());
  t.is(shots.length, 2);
  const heights = await Promise.all(
    shots.map(async ({ whole }) => (await sharp(whole).metadata()).height),
  );
  t.true(heights[0] > 1200, 'eight pictures below each other');
});
