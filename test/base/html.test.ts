/** Every page with names that try to be HTML, in Chromium: nothing of them runs, and nothing sticks out. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { chromium } from 'playwright-core';
import { html, htmlPage, htmlPairs, htmlTable, rawHtml } from '../../base/html.ts';
import { sharp } from '../../base/sharp.ts';
import type { DatasetSummary } from '../../shards/inspect/inspect.ts';
import { renderPage } from '../../shards/inspect/page-html.ts';
import type { Codec } from '../../tokenizer/codecs/codec.ts';
import { jpeg } from '../../tokenizer/codecs/jpeg/index.ts';
import { formatConfig, resolveConfig } from '../../trainer/config/config.ts';
import { writeReport } from '../../trainer/report/write.ts';
import { samplesPage } from '../../trainer/sample/page.ts';
import { type MappedScore, scoresPage } from '../../trainer/score/page.ts';
import { pageOf } from '../../trainer/serve/page.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testWith } from '../helpers/tools.ts';

const HOSTILE = `"'><script>window.bad=1</script><img src=x onerror="window.bad=1"></title></style>&amp;.png`;

test('values in a template are escaped, and templates are not', (t) => {
  t.is(html`<b title="${`"'<&>`}">${1}</b>`.text, '<b title="&quot;&#39;&lt;&amp;&gt;">1</b>');
  t.is(html`${[html`<i>`, '<', [undefined, false, null]]}`.text, '<i>&lt;');
  t.is(html`${rawHtml('<br>')}`.text, '<br>');
  t.regex(htmlTable([HOSTILE], [[HOSTILE]]).text, /^(?!.*<script).*&lt;script/s);
  t.regex(htmlPairs([[HOSTILE, HOSTILE]]).text, /^(?!.*<script).*&lt;script/s);
  t.is(htmlPage({ title: HOSTILE, body: HOSTILE }).match(/<script|<\/title>|<img/g)?.length, 1);
});

async function picture(): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) >> 4);
  return sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();
}

function datasetPage(file: Buffer): string {
  const split = { split: 'train', shards: 2, rows: 9, tokens: 12_345, padding: 7, documents: 8 };
  const shard = { file: HOSTILE, rows: 4, tokens: 1234, documents: 3, bytes: 999, padding: 0 };
  const manifest = {
    createdBy: HOSTILE,
    formatVersion: 1,
    seqLen: 128,
    vocabSize: 579,
    codec: { name: 'jpeg', settings: { [HOSTILE]: HOSTILE }, versions: { sharp: HOSTILE } },
    config: { sources: [HOSTILE] },
    tokenizerHash: 'ab'.repeat(32),
    shards: [shard, shard],
    documents: [],
    totals: {
      documents: 8,
      inputs: 9,
      tokens: 12_345,
      padding: 7,
      rows: 9,
      shardBytes: 5000,
      failures: 1,
      failuresByCode: { [HOSTILE]: 1 },
    },
  };
  const bins = Array.from({ length: 12 }, (_, i) => ({
    from: i * 100,
    to: i * 100 + 100,
    count: i,
  }));
  const documentTokens = { min: 1, median: 2, mean: 2, p95: 3, max: 4, documents: 8, bins };
  const summary = {
    kind: 'dataset',
    path: `/data/${HOSTILE}`,
    manifest,
    splits: [{ ...split, bytes: 5000 }],
    diskBytesPerToken: 1.2,
    documentBytesPerToken: 1.9,
    documentTokens,
  } as unknown as DatasetSummary;
  const source = `data:image/png;base64,${file.toString('base64')}`;
  const pictures = Array.from({ length: 20 }, (_, docId) => ({ docId, source, caption: HOSTILE }));
  const frequencies = [9, 5, 2, 1].map((count, id) => ({ id, count, text: HOSTILE }));
  return renderPage({ summary, pictures, isOfStrips: false, frequencies, sampled: 2, present: 2 });
}

async function reportPage(t: ExecutionContext, file: Buffer): Promise<string> {
  const run = await temporaryFolder(t);
  await writeFile(join(run, 'config.yaml'), formatConfig(await resolveConfig({ preset: 'tiny' })));
  const lines = Array.from({ length: 50 }, (_, i) => {
    const numbers = { loss: 6 - i / 20, bitsPerByte: 5, unigramLoss: 5, lr: 1e-3, gradNorm: 1 };
    const more = { tokens: 100, tokensSeen: 100 * (i + 1), tokensPerSecond: 900 + i, seconds: 0.1 };
    const rest = { dataWait: 0.01, epoch: 0, memory: 1 };
    return JSON.stringify({ split: 'train', step: i + 1, ...numbers, ...more, ...rest });
  });
  await writeFile(join(run, 'metrics.jsonl'), `${lines.join('\n')}\n`);
  const to = join(run, 'page.html');
  const pictures = [{ type: 'image/png', file }, null];
  const samples = { pictures, note: HOSTILE };
  await writeReport({ run, title: HOSTILE, inputs: { pictures }, samples, to });
  return readFile(to, 'utf8');
}

function drawnPage(file: Buffer): string {
  const numbers = { sample: 0, promptTokens: 1, tokens: 90, bytes: 100, logProbability: -1 };
  const sample = { ...numbers, file: HOSTILE, corrected: 1, valid: false, reason: HOSTILE };
  const tile = { picture: file, caption: HOSTILE, sample: { ...sample, finish: 'eos' as const } };
  const codec = { still: { mime: 'image/png' }, width: 64, height: 64 } as unknown as Codec;
  const settings = { seed: 1, settings: { [HOSTILE]: HOSTILE }, checkpoint: { path: HOSTILE } };
  return samplesPage([[tile, tile, { picture: null, caption: HOSTILE }], [tile]], settings, codec);
}

function scored(file: Buffer): MappedScore {
  const figures = { unit: 'byte' as const, bitsPerSymbol: 1.5, symbols: 4000, tokens: 2000 };
  const picture = { type: 'image/png', file };
  return { ...figures, source: HOSTILE, picture, map: file, scale: { hottest: 9, part: HOSTILE } };
}

testWith(
  'chromium',
  'hostile names are inert in every page, from 360 to 1,600 pixels',
  async (t) => {
    const file = await picture();
    const pages = {
      dataset: datasetPage(file),
      report: await reportPage(t, file),
      samples: drawnPage(file),
      scores: scoresPage([scored(file), scored(file)], HOSTILE),
      serve: pageOf({ name: HOSTILE, codec: await jpeg.open(), maxPositions: 512, needsKey: true }),
    };
    const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' });
    const browser = await chromium.launch({
      executablePath: executablePath.trim(),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    t.teardown(() => browser.close());
    for (const [name, page] of Object.entries(pages)) {
      for (const [width, colorScheme] of [
        [360, 'dark'],
        [1600, 'light'],
      ] as const) {
        const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        await tab.setContent(page);
        const found = await tab.evaluate(`({
          bad: 'bad' in window,
          scripts: document.scripts.length,
          handlers: document.querySelectorAll('[onerror]').length,
          overflow: document.documentElement.scrollWidth - innerWidth,
          lightness: getComputedStyle(document.body).backgroundColor,
        })`);
        const scripts = name === 'serve' ? 1 : 0;
        t.like(found, { bad: false, scripts, handlers: 0 }, name);
        const { overflow, lightness } = found as { overflow: number; lightness: string };
        t.true(overflow <= 0, `${name} is ${overflow} pixels wider than a screen of ${width}`);
        t.is(lightness, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(23, 24, 26)');
        const folder = process.env.CODEC_LM_TEST_SCREENSHOTS;
        if (folder) {
          await mkdir(folder, { recursive: true });
          const path = join(folder, `${name}-${width}-${colorScheme}.png`);
          await tab.screenshot({ path, fullPage: true });
        }
        await tab.close();
      }
    }
  },
);
