import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { lineChart } from '../../../base/chart/lines.ts';
import { ticks } from '../../../base/chart/scale.ts';
import { CodecLmError } from '../../../base/error.ts';
import { sharp } from '../../../base/sharp.ts';
import { encodeRaster } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { toJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import { formatConfig, resolveConfig } from '../../../trainer/config/config.ts';
import { readSeries } from '../../../trainer/report/series.ts';
import { writeReport } from '../../../trainer/report/write.ts';
import { drawSheet } from '../../../trainer/sample/sheet.ts';

const row = (step: number) => ({
  split: 'train',
  step,
  loss: 6 / step,
  bitsPerByte: 5 / step,
  unigramLoss: 5,
  lr: 1e-3,
  gradNorm: 1,
  tokens: 100,
  tokensSeen: 100 * step,
  tokensPerSecond: 1000,
  seconds: 0.1,
  dataWait: 0.01,
  epoch: 0,
  memory: 1,
});

async function makeRun(lines: string[]): Promise<string> {
  const run = await mkdtemp(join(tmpdir(), 'codec-lm-report-'));
  await mkdir(run, { recursive: true });
  await writeFile(join(run, 'config.yaml'), formatConfig(await resolveConfig({ preset: 'tiny' })));
  await writeFile(join(run, 'metrics.jsonl'), lines.join(''));
  return run;
}

async function picture(): Promise<Uint8Array> {
  return toJpegFile(await encodeRaster(new Uint8Array(32 * 16 * 3).fill(200), 32, 16), 25);
}

test('a page holds the curve, the inputs and the samples, and fetches nothing', async (t) => {
  const val = { split: 'val', step: 2, loss: 3, bitsPerByte: 3, tokens: 10 };
  const run = await makeRun(
    [row(1), row(2), val, row(3)].map((line) => `${JSON.stringify(line)}\n`),
  );
  const to = join(run, 'pages', 'index.html');
  const pictures = [{ type: 'image/jpeg', file: await picture() }, null];
  await writeReport({
    run,
    title: 'A <run>',
    inputs: { pictures: [pictures[0]] },
    samples: { pictures },
    to,
  });
  const html = await readFile(to, 'utf8');
  t.regex(html, /<title>A &lt;run&gt;<\/title>/);
  t.regex(html, /validation loss, last<\/th><td>3\.0000/);
  t.is(html.match(/<polyline/g)?.length, 4);
  t.is(html.match(/src="data:image\/jpeg;base64,/g)?.length, 2);
  t.regex(html, /sample 1: not a picture/);
  t.notRegex(html, /https?:|<script|<link|NaN/);
});

test('the line that a killed run was writing is left out, a damaged one is named', async (t) => {
  const run = await makeRun([`${JSON.stringify(row(1))}\n`, '{"split":"tra']);
  t.is((await readSeries(run)).train.length, 1);
  const damaged = await makeRun([`${JSON.stringify(row(1))}\n`, '{"split":"tra\n']);
  await t.throwsAsync(readSeries(damaged), { message: /metrics.jsonl, line 2/ });
});

test('a folder without a run is refused', async (t) => {
  const to = join(tmpdir(), 'never.html');
  const error = await t.throwsAsync<CodecLmError>(writeReport({ run: tmpdir(), title: 'x', to }), {
    instanceOf: CodecLmError,
  });
  t.is(error?.code, 'INPUT_NOT_FOUND');
});

test('ticks are round and inside; a chart without points says so', (t) => {
  t.deepEqual(ticks(0, 10), [0, 2, 4, 6, 8, 10]);
  t.deepEqual(
    ticks(0.12, 0.31).map((tick) => tick.toFixed(2)),
    ['0.15', '0.20', '0.25', '0.30'],
  );
  const options = { title: 't', xLabel: 'x', yLabel: 'y' };
  t.regex(String(lineChart([{ label: 'a', color: 'red', points: [] }], options)), /No points yet/);
  t.regex(
    String(lineChart([{ label: 'a', color: 'red', points: [[1, 2]] }], options)),
    /<polyline/,
  );
});

test('a contact sheet has a tile for every sample, an empty one for what is no picture', async (t) => {
  const one = await picture();
  const sheet = await drawSheet([tilesOf(one, null, one), tilesOf(one, one)], {
    width: 32,
    height: 16,
  });
  const { info, data } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
  // Three columns and two rows of 128 x 64, 4 pixels between them.
  t.deepEqual([info.width, info.height], [4 + 3 * 132, 4 + 2 * 68]);
  const pixel = (x: number, y: number) => data[(y * info.width + x) * info.channels];
  t.true(Math.abs(pixel(10, 10) - 200) < 8);
  t.is(pixel(10 + 132, 10), 63);
  t.is(pixel(1, 1), 24);
});

const tilesOf = (...pictures: (Uint8Array | null)[]) =>
  pictures.map((picture) => ({ picture, caption: '' }));
