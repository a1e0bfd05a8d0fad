/** `trainer evaluate frames`: a folder for each clip, with every frame of it and nothing else. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharp } from '../../../base/sharp.ts';
import { createAvcCodec } from '../../../tokenizer/codecs/avc/encode.ts';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { framesOf, toMp4 } from '../../../tokenizer/codecs/avc/view.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { makeClips } from '../../helpers/videos.ts';
import { run } from '../../helpers/workplace.ts';

testWith('ffmpeg', 'the frames of samples, to the last bit', async (t) => {
  t.timeout(120_000);
  const folder = await temporaryFolder(t);
  const [source] = await makeClips(join(folder, 'source'), 1, '64x48');
  const settings = avcSettingsSchema.parse({ width: 64, height: 48, frames: 7 });
  const codec = await createAvcCodec(settings);
  const document = (await codec.encode(await readFile(source), source)).symbols;
  const clips = join(folder, '100%done');
  await mkdir(clips);
  for (const name of ['00000000.mp4', '00000001.mp4']) {
    await writeFile(join(clips, name), await toMp4(document, settings.fps));
  }
  await writeFile(join(clips, 'index.html'), 'not a clip');
  const to = join(folder, 'frames %d');
  const done = await run('trainer', ['evaluate', 'frames', clips, '--to', to, '--json']);
  t.is(done.exitCode, 0, done.stderr);
  t.deepEqual(
    done.stdout.split('\n').map((line) => JSON.parse(line)),
    ['00000000', '00000001'].map((name) => ({ folder: join(to, name), frames: 7 })),
  );
  t.deepEqual((await readdir(to)).sort(), ['00000000', '00000001']);
  const names = Array.from({ length: 7 }, (_, i) => `00000${i}.png`);
  t.deepEqual((await readdir(join(to, '00000001'))).sort(), names);
  const { frames } = await framesOf(document);
  for (const [i, name] of names.entries()) {
    const { data } = await sharp(join(to, '00000000', name))
      .raw()
      .toBuffer({ resolveWithObject: true });
    t.deepEqual(new Uint8Array(data), new Uint8Array(frames[i]), name);
  }
  const again = await run('trainer', ['evaluate', 'frames', clips, '--to', to]);
  t.is(again.exitCode, 2, again.stderr);
  t.regex(again.stderr, /00000000: it is there already/);
});

testWith('ffmpeg', 'what is no video is named, and leaves no folder', async (t) => {
  const folder = await temporaryFolder(t);
  const to = join(folder, 'frames');
  const broken = join(folder, 'broken.mp4');
  await writeFile(broken, 'no video');
  const done = await run('trainer', ['evaluate', 'frames', broken, '--to', to]);
  t.is(done.exitCode, 1);
  t.regex(done.stderr, /broken\.mp4/);
  t.deepEqual(await readdir(to), []);
  const empty = await run('trainer', ['evaluate', 'frames', to, '--to', join(folder, 'other')]);
  t.is(empty.exitCode, 2);
  t.regex(empty.stderr, /no video is in this folder/);
});
