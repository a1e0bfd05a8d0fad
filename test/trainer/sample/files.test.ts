/**
 * The files that `trainer sample` leaves in its folder: prompts of a folder, descriptions, the
 * page, files that grow.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { progressLine } from '../../../cli/trainer/sample.ts';
import { createJpegCodec } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { fromJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import {
  type SampleEvent,
  type SampleFilesOptions,
  sampleFiles,
} from '../../../trainer/sample/files.ts';
import { checkpointHash, readCheckpoint } from '../../../trainer/sample/load.ts';
import { Model } from '../../../trainer/sample/model.ts';
import type { SampleFile } from '../../../trainer/sample/output.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SIDE = 48;

async function draw(t: ExecutionContext, change: Partial<SampleFilesOptions>) {
  const folder = await temporaryFolder(t);
  const [checkpoint, to] = [join(folder, 'checkpoint'), join(folder, 'samples')];
  await makeCheckpoint(checkpoint, { side: SIDE });
  const samples: SampleFile[] = [];
  const noBackend = () => Promise.reject(new Error('no backend is needed'));
  const model = new Model(await readCheckpoint(checkpoint), noBackend);
  const summary = await sampleFiles(model, {
    to,
    num: 2,
    seed: 4,
    grammar: true,
    batchSize: 4,
    threads: 1,
    temperature: 1,
    topK: 40,
    topP: 0.9,
    minP: 0.01,
    maxTokens: 700,
    onEvent: (event) => event.type === 'sample' && samples.push(event.sample),
    ...change,
  });
  await model.close();
  return { checkpoint, to, samples, summary };
}

async function photos(t: ExecutionContext, count: number): Promise<string> {
  const folder = join(await temporaryFolder(t), 'photos');
  await mkdir(folder);
  for (let nth = 0; nth < count; nth++) {
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (i + nth)) >> 5);
    const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
    await image.toFile(join(folder, `${nth}.png`));
  }
  return folder;
}

/** Canonical bytes of a photo. */
async function documentOf(file: string): Promise<Buffer> {
  const codec = createJpegCodec({ width: SIDE, height: SIDE });
  return Buffer.from((await codec.encode(await readFile(file), file)).symbols);
}

const sampleAt = async (folder: string, index: number) =>
  Buffer.from(fromJpegFile(await readFile(join(folder, `0000000${index}.jpg`))).bytes);

test('of each prompt of a folder come several continuations, in a row with what they go on from', async (t) => {
  const folder = await photos(t, 2);
  const { to, samples } = await draw(t, { prompt: folder, cut: { ratio: 0.34 } });
  t.deepEqual(
    samples.sort((a, b) => a.sample - b.sample).map(({ prompt }) => prompt),
    ['0.png', '0.png', '1.png', '1.png'],
  );
  for (const index of [0, 1, 2, 3]) {
    const original = await documentOf(join(folder, `${index >> 1}.png`));
    // 3 of 9 MCUs, and the restart marker after them.
    const given = original.subarray(0, original.indexOf('ffd2', 59, 'hex') + 2);
    t.true((await sampleAt(to, index)).subarray(0, given.length).equals(given));
  }
  const html = await readFile(join(to, 'index.html'), 'utf8');
  const rows = html.split('<div class="row">').slice(1);
  t.is(rows.length, 2);
  for (const [nth, row] of rows.entries()) {
    const captions = [...row.matchAll(/<figcaption><b>([^<]*)/g)].map(([, caption]) => caption);
    t.deepEqual(captions, [`${nth}.png`, 'prompt', `sample ${2 * nth}`, `sample ${2 * nth + 1}`]);
    t.is(row.match(/src="data:image\/jpeg;base64,/g)?.length, 4);
  }
  // Two rows of four tiles, each enlarged to 96 pixels with gaps of 4.
  const { width, height } = await sharp(join(to, 'sheet.png')).metadata();
  t.deepEqual({ width, height }, { width: 4 + 4 * 100, height: 4 + 2 * 100 });
});

test("the authors' rule cuts after the n-th marker FF D7", async (t) => {
  const folder = await photos(t, 1);
  const { to } = await draw(t, { num: 1, prompt: folder, cut: { marker: 1 } });
  const original = await documentOf(join(folder, '0.png'));
  const given = original.subarray(0, original.indexOf('ffd7', 59, 'hex') + 2);
  t.true((await sampleAt(to, 0)).subarray(0, given.length).equals(given));
});

test('a description says all that a sample was drawn by, and the page shows it', async (t) => {
  const { checkpoint, to, samples } = await draw(t, { num: 1 });
  const described = JSON.parse(await readFile(join(to, '00000000.json'), 'utf8'));
  const sha256 = await checkpointHash(await readCheckpoint(checkpoint));
  const { file: _, ...sample } = samples[0];
  t.deepEqual(described, {
    ...JSON.parse(JSON.stringify(sample)),
    file: '00000000.jpg',
    seed: 4,
    settings: {
      temperature: 1,
      topK: 40,
      topP: 0.9,
      minP: 0.01,
      grammar: 'on',
      maxTokens: 700,
    },
    checkpoint: { path: checkpoint, sha256 },
  });
  t.true(described.valid && described.logProbability < 0 && described.tokens > 50);
  const html = await readFile(join(to, 'index.html'), 'utf8');
  for (const shown of [
    sha256,
    `${described.tokens} tokens`,
    `ln p ${described.logProbability.toFixed(3)}`,
  ]) {
    t.true(html.includes(shown), shown);
  }
  // It needs nothing else.
  t.notRegex(html, /(src|href)="(?!data:)/);
});

test('a streamed file is there from its first bytes on and only grows', async (t) => {
  const folder = join(await temporaryFolder(t), 'streamed');
  const file = join(folder, '00000000.jpg');
  const seen: Buffer[] = [];
  const lines: string[] = [];
  const onEvent = (event: SampleEvent) => {
    if (event.type === 'progress') lines.push(progressLine(event));
    if (existsSync(file)) seen.push(readFileSync(file));
  };
  const streamed = await draw(t, { to: folder, num: 1, stream: true, onEvent });
  const whole = await readFile(file);
  t.true(seen.length > 5 && seen[0].length < whole.length - 300, String(seen.length));
  for (const part of seen) t.true(whole.subarray(0, part.length).equals(part));
  t.regex(lines[0], /^0\/1 samples {2}[\d,]+ tokens\/s$/);
  t.regex(lines.at(-1)!, /^1\/1 samples/);
  const { to } = await draw(t, { num: 1 });
  t.true(whole.equals(await readFile(join(to, '00000000.jpg'))));
  t.is(streamed.summary.invalid, 0);
});
