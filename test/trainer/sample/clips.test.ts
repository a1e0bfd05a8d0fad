/** Clips from `trainer sample`: given frames stay, the rest is written, and is shown three ways. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { avcSettingsSchema } from '../../../schemas/avc.ts';
import { createAvcCodec } from '../../../tokenizer/avc/encode.ts';
import { cutAfterFrames } from '../../../tokenizer/avc/prompt.ts';
import { fromMp4 } from '../../../tokenizer/avc/view.ts';
import { sharp } from '../../../tokenizer/jpeg/sharp.ts';
import { sampleFiles } from '../../../trainer/sample/files.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { makeClips } from '../../helpers/videos.ts';
import { makeCheckpoint } from './checkpoint.ts';

const SIZE = { width: 32, height: 32 };
const GIVEN = 13;

testWith('ffmpeg', 'a clip goes on from the frames of its prompt', async (t) => {
  const folder = await temporaryFolder(t);
  const [checkpoint, to] = [join(folder, 'checkpoint'), join(folder, 'samples')];
  await makeCheckpoint(checkpoint, { clip: SIZE, seqLen: 8192 });
  const [clip] = await makeClips(join(folder, 'clips'), 1, '32x32');
  await sampleFiles({
    ...{ checkpoint, to, num: 1, seed: 2, grammar: true, batchSize: 1, threads: 1 },
    ...{ temperature: 1, topK: 40, topP: 0.9 },
    prompt: { path: clip, cut: { frames: GIVEN } },
    chooseBackend: () => Promise.reject(new Error('no backend is needed')),
  });
  t.deepEqual((await readdir(to)).sort(), [
    ...['.json', '.mp4', '.png', '.webp'].map((extension) => `00000000${extension}`),
    ...['index.html', 'sheet.png'],
  ]);
  const settings = avcSettingsSchema.parse({ ...SIZE, frames: 15, fps: 3 });
  const original = (await (await createAvcCodec(settings)).encode(await readFile(clip), clip))
    .bytes;
  const given = cutAfterFrames(original, GIVEN);
  const drawn = await fromMp4(await readFile(join(to, '00000000.mp4')));
  t.is(Buffer.compare(drawn.subarray(0, given.length), given), 0);
  t.not(Buffer.compare(drawn, original), 0);
  const { pages } = await sharp(join(to, '00000000.webp'), { animated: true }).metadata();
  t.is(pages, 15);
  const html = await readFile(join(to, 'index.html'), 'utf8');
  t.is(html.match(/src="data:image\/webp;base64,/g)?.length, 1);
  t.is(html.match(/src="data:image\/png;base64,/g)?.length, 3);
});
