/** The page of an evaluation in Chromium: its pictures, its tables, hostile names, two screens. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { writePrompts } from '../../../evaluation/protocol/prompts.ts';
import { evaluated, evaluationPlace, SIDE, writeNetwork } from '../../helpers/evaluation.ts';
import { testWith } from '../../helpers/tools.ts';

const HOSTILE = `<img src=x onerror="window.bad=1">&amp;<script>window.bad=1<`;

interface Found {
  bad: boolean;
  scripts: number;
  overflow: number;
  wide: number;
  broken: number;
  captions: string[];
  headings: string[];
  rows: string[];
  cells: string[];
  narrowest: number;
  foreign: number;
}

/** Lazy pictures are loaded first, as by somebody who reads down to them. */
const LOOK = `(async () => {
  const images = [...document.images];
  for (const image of images) image.loading = 'eager';
  await Promise.all(images.map((image) => image.decode().catch(() => undefined)));
  const texts = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent);
  return {
    bad: 'bad' in window,
    scripts: document.scripts.length,
    overflow: document.documentElement.scrollWidth - innerWidth,
    wide: [...document.querySelectorAll('.wide')].filter((each) => each.getBoundingClientRect().right > innerWidth).length,
    broken: images.filter((image) => image.naturalWidth !== ${SIDE}).length,
    captions: texts('.row figcaption b'),
    headings: texts('h2'),
    rows: texts('td:first-child'),
    cells: texts('td'),
    narrowest: Math.min(...images.map((image) => image.getBoundingClientRect().width)),
    foreign: images.filter((image) => !image.src.startsWith('data:')).length,
  };
})()`;

testWith(
  'chromium',
  'pictures beside prompts and originals, light and dark, from 360 to 1,600 pixels',
  async (t) => {
    const place = await evaluationPlace(t, { pictures: 4, classes: 2 });
    const { folder, images } = place;
    // Slashes cannot be in a name.
    const name = HOSTILE.replaceAll('/', '');
    await rename(join(images, 'class-0'), join(images, name));
    const prompts = join(folder, 'prompts');
    await writePrompts({ images, to: prompts, ratios: [0.5], width: SIDE, height: SIDE });
    const row = join(folder, 'row');
    await mkdir(row);
    await cp(join(prompts, 'ratio-0.5/originals'), join(row, 'ratio-0.5'), { recursive: true });
    const features = await writeNetwork(folder);
    const to = join(folder, 'out');
    const rows = [`a (b) + c=${row}`];
    const { files } = await evaluated(place, { to, features, unconditional: true, rows });
    t.false((await readFile(files.page, 'utf8')).includes('<script'));

    const browser = await chromium.launch({
      executablePath: execFileSync('sh', ['-c', 'command -v chromium'], {
        encoding: 'utf8',
      }).trim(),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    t.teardown(() => browser.close());
    for (const [width, colorScheme] of [
      [360, 'dark'],
      [1600, 'light'],
    ] as const) {
      const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      await tab.goto(pathToFileURL(files.page).href);
      const found = (await tab.evaluate(LOOK)) as Found;
      t.like(found, { bad: false, scripts: 0, wide: 0, broken: 0, foreign: 0 });
      t.true(found.overflow <= 0, `${found.overflow} pixels wider than a screen of ${width}`);
      t.true(found.narrowest >= 120, `a picture is ${found.narrowest} pixels wide`);
      t.deepEqual(found.captions.slice(0, 6), [
        ...['prompt', 'original', 'as the codec writes it'],
        ...['the model, seed 0', 'the model, seed 1', 'a (b) + c'],
      ]);
      t.true(found.rows.includes('a (b) + c'));
      t.false(found.cells.includes('-0.00'), 'a distance of nothing is 0.00');
      t.true(found.cells.includes('0.00'));
      t.is(found.headings[0], 'FD-MobileNetV2 against the raw pictures');
      t.true(found.headings.includes('Pictures, r = 0.5'));
      t.true(found.headings.includes('Pictures, unconditional'));
      t.true(found.rows.includes('originals as the codec writes them'));
      const screenshots = process.env.CODEC_LM_TEST_SCREENSHOTS;
      if (screenshots) {
        await mkdir(screenshots, { recursive: true });
        const path = join(screenshots, `evaluation-${width}-${colorScheme}.png`);
        await tab.screenshot({ path, fullPage: true });
      }
      await tab.close();
    }
  },
);
