/** Documents from any time of a video, beside a decoder that counts every frame from the beginning. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CodecLmError } from '../../../../base/error.ts';
import { type AvcEncoder, createAvcCodec } from '../../../../tokenizer/codecs/avc/encode.ts';
import { encodingOptions } from '../../../../tokenizer/codecs/avc/ffmpeg/command.ts';
import { avcSettingsSchema } from '../../../../tokenizer/codecs/avc/settings.ts';
import type { FileSpan, SurveyedFrame } from '../../../../tokenizer/codecs/codec.ts';
import { ffmpeg9 } from '../../../helpers/ffmpegs.ts';
import { ffmpeg, moving, scenes } from '../../../helpers/videos.ts';

const SMALL = { width: 48, height: 32 };
let folder: string;
let codec: AvcEncoder;

/** Key frames two seconds apart, and frames that are stored in another order than they are shown in. */
const CODED = '-pix_fmt yuv420p -bf 3 -g 20'.split(' ');
const UNEVEN = ['-vf', 'select=not(mod(n\\,7))+gt(random(1)\\,0.6)', '-vsync', 'vfr'];

const VIDEOS: [name: string, args: string[]][] = [
  ['even.mp4', [...moving('64x48', 10, 12), ...CODED]],
  ['even.mkv', [...moving('64x48', 10, 12), ...CODED]],
  ['uneven.mp4', [...moving('64x48', 25, 12), ...UNEVEN, ...CODED]],
  ['uneven.mkv', [...moving('64x48', 25, 12), ...UNEVEN, ...CODED]],
  [
    'vp8.webm',
    [...moving('64x48', 10, 12), ...'-c:v libvpx -deadline realtime -cpu-used 8 -g 20'.split(' ')],
  ],
  // A recording: neither its length nor an index is in it.
  ['live.mkv', [...moving('64x48', 10, 12), ...CODED, '-live', '1', '-f', 'matroska']],
  // No index: everything before is decoded.
  ['stream.ts', [...moving('64x48', 10, 12), ...CODED]],
];

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codec-lm-test-'));
  codec = await createAvcCodec(SMALL);
  for (const [name, args] of VIDEOS) await ffmpeg([...args, name], folder);
});

test.after.always(() => rm(folder, { recursive: true, force: true }));

async function spanOf(name: string): Promise<FileSpan> {
  const path = join(folder, name);
  return { path: Buffer.from(path), offset: 0, size: (await stat(path)).size, isMember: false };
}

async function framesOf(name: string, encoder = codec): Promise<SurveyedFrame[]> {
  const frames: SurveyedFrame[] = [];
  const onFrame = (frame: SurveyedFrame) => frames.push(frame) > 0;
  const damage = await encoder.clips.survey(await spanOf(name), name, { onFrame, patience: 1 });
  if (damage) throw damage;
  return frames;
}

/** The document that begins with the frame of this number, by a decoder that starts at the beginning. */
async function counted(name: string, first: number, start: number, path: string): Promise<Buffer> {
  const settings = avcSettingsSchema.parse(SMALL);
  const options = encodingOptions(settings, { isLater: true });
  const at = options.indexOf('-vf') + 1;
  options[at] = `select=gte(n\\,${first}),setpts=PTS-round(${start / 1e6}/TB),${options[at]}`;
  return ffmpeg(['-threads', '1', '-i', name, ...options, 'pipe:1'], folder, path);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  return error instanceof CodecLmError ? error.code : String(error);
}

for (const named of [undefined, ...(ffmpeg9 ? [ffmpeg9] : [])]) {
  test(`a clip begins with exactly the frame of its time, ${named ? 'ffmpeg 9' : 'the ffmpeg here'}`, async (t) => {
    const encoder = await createAvcCodec(SMALL, named);
    for (const [name] of VIDEOS) {
      const file = await spanOf(name);
      const frames = await framesOf(name, encoder);
      // Between key frames: the time of a frame, one between two frames, and the last that has a clip.
      for (const start of [frames[33].time, 4_567_890, 7_000_000]) {
        const first = frames.findIndex(({ time }) => time >= start);
        const { symbols } = await encoder.clips.encode(file, name, start);
        const wanted = await counted(name, first, start, encoder.ffmpeg.path);
        t.true(wanted.equals(symbols), `${name} from ${start} µs`);
      }
      t.is(await codeOf(encoder.clips.encode(file, name, 8_000_000)), 'CLIP_TOO_SHORT', name);
      t.is(await codeOf(encoder.clips.encode(file, name, 99_000_000)), 'CLIP_TOO_SHORT', name);
    }
  });
}

test('a clip from 0 is the document that the file always gave', async (t) => {
  for (const name of ['even.mp4', 'uneven.mkv']) {
    const file = await spanOf(name);
    const { symbols } = await codec.clips.encode(file, name, 0);
    t.deepEqual(symbols, (await codec.encodeFile(file, name)).symbols);
  }
  t.is(codec.clips.length, 5_000_000);
});

test('where short clips are kept, a clip has the frames that are left', async (t) => {
  const keeping = await createAvcCodec({ ...SMALL, short: 'keep' });
  const file = await spanOf('even.mp4');
  const { symbols } = await keeping.clips.encode(file, 'even.mp4', 10_000_000);
  const whole = await codec.clips.encode(file, 'even.mp4', 7_000_000);
  t.true(symbols.length > 0 && symbols.length < whole.symbols.length);
  t.is(await codeOf(keeping.clips.encode(file, 'even.mp4', 12_000_000)), 'CLIP_TOO_SHORT');
});

test('cuts have a score of 0.3 and more, at the time of their frame; all other frames less', async (t) => {
  const parts = [
    ['red', 3],
    ['testsrc', 4],
    ['blue', 2.5],
  ] as const;
  for (const name of ['cuts.mp4', 'cuts.mkv', 'cuts.ts']) {
    await ffmpeg([...scenes('64x48', 10, parts), '-bf', '2', '-g', '25', name], folder);
    const frames = await framesOf(name);
    t.is(frames.length, 95);
    const cuts = frames.filter(({ score }) => score >= 0.3);
    t.deepEqual(
      cuts.map(({ time }) => time),
      [3_000_000, 7_000_000],
      name,
    );
  }
});

test('a survey ends when no frame is wanted any more', async (t) => {
  let frames = 0;
  const onFrame = () => ++frames < 5;
  const file = await spanOf('even.mp4');
  t.is(await codec.clips.survey(file, 'even.mp4', { onFrame, patience: 1 }), undefined);
  t.is(frames, 5);
});

test('a video that breaks off: clips before are good, later ones damaged, and a survey says so', async (t) => {
  for (const name of ['even.mkv', 'even.mp4']) {
    const cut = `cut-${name}`;
    // The index of an MP4 file has to stand before what is cut off.
    const front = name.endsWith('mp4') ? ['-movflags', '+faststart'] : [];
    await ffmpeg(['-i', name, '-c', 'copy', ...front, 'whole'.concat(name.slice(-4))], folder);
    const whole = await readFile(join(folder, `whole${name.slice(-4)}`));
    await writeFile(join(folder, cut), whole.subarray(0, Math.floor(whole.length * 0.7)));
    const file = await spanOf(cut);
    const first = await codec.clips.encode(file, cut, 1_000_000);
    const good = await codec.clips.encode(await spanOf(name), name, 1_000_000);
    t.deepEqual(first.symbols, good.symbols, name);
    for (const start of [6_000_000, 9_000_000]) {
      t.is(await codeOf(codec.clips.encode(file, cut, start)), 'VIDEO_CORRUPT', `${name} ${start}`);
    }
    let frames = 0;
    const onFrame = () => ++frames > 0;
    const damage = await codec.clips.survey(file, cut, { onFrame, patience: 1 });
    t.is(damage?.code, 'VIDEO_CORRUPT', name);
    t.true(frames > 60 && frames < 120, `${frames}`);
    // Clips that damage cuts short are no sign of the end, also where recovered frames are kept.
    const keeping = await createAvcCodec({ ...SMALL, damaged: 'keep' });
    t.is(await codeOf(keeping.clips.encode(file, cut, 6_000_000)), 'VIDEO_CORRUPT', name);
  }
});

test('nothing can be said of what is no video: the error is that of encoding it', async (t) => {
  await writeFile(join(folder, 'zeros.mp4'), new Uint8Array(5000));
  const file = await spanOf('zeros.mp4');
  const wanted = await codeOf(codec.encodeFile(file, 'zeros.mp4'));
  t.regex(wanted, /^VIDEO_/);
  const survey = codec.clips.survey(file, 'zeros.mp4', { onFrame: () => true, patience: 1 });
  t.is(await codeOf(survey), wanted);
});
