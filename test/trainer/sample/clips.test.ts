/** `trainer sample` of clips: continued from their first frames, and from nothing. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sharp } from '../../../base/sharp.ts';
import { parseAvcDocument } from '../../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../../tokenizer/codecs/avc/encode.ts';
import { readMp4Track } from '../../../tokenizer/codecs/avc/mp4.ts';
import { cutAfterFrames } from '../../../tokenizer/codecs/avc/prompt.ts';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { framesOf, fromMp4 } from '../../../tokenizer/codecs/avc/view.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { makeClips } from '../../helpers/videos.ts';
import { run } from '../../helpers/workplace.ts';

const settings = avcSettingsSchema.parse({ width: 32, height: 32, profile: 'reproducible' });

/** Clips of a model that has learnt nothing: whatever is valid in them is due to the grammar. */
async function workplace(t: ExecutionContext) {
  const folder = await temporaryFolder(t);
  await makeCheckpoint(join(folder, 'model'), { codec: { name: 'avc', settings }, seqLen: 4000 });
  const to = join(folder, 'samples');
  const sample = (...args: string[]) =>
    run('trainer', ['sample', '--checkpoint', join(folder, 'model'), '--to', to, ...args]);
  return { folder, to, sample };
}

/** The document of a sample, of which every frame decodes. */
async function documentOf(t: ExecutionContext, path: string): Promise<Uint8Array> {
  const file = await readFile(path);
  t.deepEqual(readMp4Track(file), { samples: 15, seconds: 5 });
  const bytes = await fromMp4(file);
  t.is(parseAvcDocument(bytes).frames.length, 15);
  t.is((await framesOf(bytes)).frames.length, 15);
  return bytes;
}

/** The lowest row of a frame of an animation: mean of red. */
async function redBelow(path: string, page: number): Promise<number> {
  const frame = sharp(path, { page });
  const { width, height } = await frame.metadata();
  const row = frame.extract({ left: 0, top: height - 1, width, height: 1 });
  return (await sharp(await row.png().toBuffer()).stats()).channels[0].mean;
}

test('clips go on from the first ten frames of their prompts, with strip and animation', async (t) => {
  const { folder, to, sample } = await workplace(t);
  const prompts = await makeClips(join(folder, 'prompts'), 2, '32x32');
  const options = ['--prompt', join(folder, 'prompts'), '--prompt-frames', '10', '--json'];
  const done = await sample(...options, '--num', '1', '--max-tokens', '4000');
  t.is(done.exitCode, 0, done.stderr);
  const beside = ['.json', '.mp4', '.png', '.webp'];
  const names = ['00000000', '00000001'].flatMap((name) => beside.map((end) => name + end));
  t.deepEqual((await readdir(to)).sort(), [...names, 'index.html', 'sheet.png']);
  const codec = await createAvcCodec(settings);
  for (const [i, prompt] of prompts.entries()) {
    const bytes = await documentOf(t, join(to, `0000000${i}.mp4`));
    const original = (await codec.encode(await readFile(prompt), prompt)).symbols;
    t.deepEqual(
      Buffer.from(cutAfterFrames(bytes, 10)),
      Buffer.from(cutAfterFrames(original, 10)),
      'the first ten frames are the prompt’s, byte by byte',
    );
    t.notDeepEqual(Buffer.from(bytes), Buffer.from(original));
    const strip = await sharp(join(to, `0000000${i}.png`)).metadata();
    // Five a row, gaps of 2, and a line of 3 under what was given.
    t.deepEqual([strip.width, strip.height], [2 + 5 * 34, 2 + 3 * 37]);
    const moving = await sharp(join(to, `0000000${i}.webp`), { animated: true }).metadata();
    t.is(moving.pages, 15);
    // The line is below the moving picture too, while a given frame is shown.
    t.is(moving.pageHeight, 32 + 3);
    t.true((await redBelow(join(to, `0000000${i}.webp`), 9)) > 200);
    t.true((await redBelow(join(to, `0000000${i}.webp`), 10)) < 60);
  }
  const page = await readFile(join(to, 'index.html'), 'utf8');
  t.regex(page, /Frames with an amber line below were given; the model wrote those without\./);
  // The prompts and the samples.
  t.is(page.match(/frames 1 to 10 of 15 given/g)?.length, 4);
});

test('and come out of nothing too, the same ones again', async (t) => {
  const [one, other] = [await workplace(t), await workplace(t)];
  for (const { sample } of [one, other]) {
    const done = await sample('--num', '1', '--max-tokens', '3000', '--seed', '5');
    t.is(done.exitCode, 0, done.stderr);
  }
  const bytes = await documentOf(t, join(one.to, '00000000.mp4'));
  t.deepEqual(await documentOf(t, join(other.to, '00000000.mp4')), bytes);
});

test('a prompt with fewer frames than are kept of it is refused', async (t) => {
  const { folder, sample } = await workplace(t);
  const [clip] = await makeClips(join(folder, 'prompts'), 1, '32x32');
  const refused = await sample('--prompt', clip, '--prompt-frames', '16');
  t.is(refused.exitCode, 2);
  t.regex(refused.stderr, /cannot keep 16 frames of a clip of 15/);
});
