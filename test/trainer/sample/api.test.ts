/** `sample`, `score` and `loadModel` as programs call them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { fromJpegFile } from '../../../tokenizer/codecs/jpeg/view.ts';
import {
  loadModel,
  type PastTrainedLength,
  type Sample,
  type SampleProgress,
  sample,
  sampleFiles,
  score,
} from '../../../trainer/index.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SIDE = 32;
const LIMITS = { maxTokens: 700, threads: 1, seed: 4 };

async function openModel(t: ExecutionContext) {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, { side: SIDE });
  const model = await loadModel(checkpoint);
  t.teardown(() => model.close());
  return model;
}

async function all(samples: AsyncIterable<Sample>): Promise<Sample[]> {
  const found: Sample[] = [];
  for await (const one of samples) found.push(one);
  return found.sort((a, b) => a.index - b.index);
}

test('samples are the files that sampleFiles writes, whatever the batch', async (t) => {
  const model = await openModel(t);
  const to = join(await temporaryFolder(t), 'samples');
  await sampleFiles(model, { ...LIMITS, num: 3, to });
  const drawn = await all(sample(model, { ...LIMITS, num: 3, batchSize: 2 }));
  t.is(drawn.length, 3);
  for (const { index, file, document, extension, mime } of drawn) {
    t.is(extension, '.jpg');
    t.is(mime, 'image/jpeg');
    const written = await readFile(join(to, `0000000${index}.jpg`));
    t.true(written.equals(file!));
    t.deepEqual(Buffer.from(fromJpegFile(written).bytes), Buffer.from(document as Uint8Array));
  }
});

test('several calls at once on one model do not disturb each other', async (t) => {
  const model = await openModel(t);
  const alone = await all(sample(model, { ...LIMITS, num: 2 }));
  const together = await Promise.all(
    [1, 2, 3].map(() => all(sample(model, { ...LIMITS, num: 2 }))),
  );
  for (const drawn of together) t.deepEqual(drawn, alone);
});

test('leaving the loop ends the drawing, and the model goes on to be used', async (t) => {
  const model = await openModel(t);
  let last = 0;
  const onEvent = (event: SampleProgress | PastTrainedLength) => {
    if (event.type === 'progress') last = event.samples;
  };
  for await (const _ of sample(model, { ...LIMITS, num: 200, batchSize: 2, onEvent })) break;
  t.true(last < 100, `${last} of 200 samples were drawn`);
  t.is((await all(sample(model, { ...LIMITS, num: 1 }))).length, 1);
});

test('a signal ends what is not finished, without an error', async (t) => {
  const model = await openModel(t);
  const stop = new AbortController();
  const options = { ...LIMITS, num: 50, batchSize: 2, signal: stop.signal };
  let came = 0;
  for await (const _ of sample(model, options)) if (++came === 2) stop.abort();
  t.true(came >= 2 && came < 50, `${came} came`);
});

test('prompts are files or their contents, cut where it is said', async (t) => {
  const model = await openModel(t);
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7) >> 4);
  const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
  const content = await image.png().toBuffer();
  const path = join(await temporaryFolder(t), 'a.png');
  await image.toFile(path);
  const options = { ...LIMITS, num: 1, cut: { ratio: 0.5 } };
  const [byPath, byContent] = await all(sample(model, { ...options, prompt: [path, content] }));
  t.is(byPath.prompt, 'a.png');
  t.is(byContent.prompt, 'prompt 1');
  t.true(byPath.given > 59);
  const beginning = (one: Sample) => Buffer.from(one.document.subarray(0, one.given) as Uint8Array);
  t.deepEqual(beginning(byPath), beginning(byContent));

  const scores = [];
  for await (const found of score(model, [path, content], { threads: 1 })) scores.push(found);
  t.deepEqual(
    scores.map(({ source }) => source),
    [path, 'source 1'],
  );
  t.is(scores[0].bitsPerSymbol, scores[1].bitsPerSymbol);
  t.is(scores[0].unit, 'byte');
  t.is((await sharp(await scores[0].heatMap()).metadata()).format, 'png');
});

test('a wrong option is named before anything is drawn', async (t) => {
  const model = await openModel(t);
  await t.throwsAsync(all(sample(model, { topP: 2 })), {
    code: 'CONFIG_INVALID',
    message: /^sample: `topP`: .*received 2/,
  });
  await t.throwsAsync(all(sample(model, { number: 2 } as object)), {
    code: 'CONFIG_INVALID',
    message: /^sample: no option is called `number`/,
  });
  await t.throwsAsync(all(sample(model, { ...LIMITS, maxTokens: 20 })), {
    code: 'CONFIG_INVALID',
    message: /may need \d+ tokens/,
  });
});
