import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { parseAvcDocument } from '../../../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../../../tokenizer/codecs/avc/encode.ts';
import { encodingOptions } from '../../../../tokenizer/codecs/avc/ffmpeg/command.ts';
import { findFfmpeg } from '../../../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { avc } from '../../../../tokenizer/codecs/avc/index.ts';
import { avcSettingsSchema } from '../../../../tokenizer/codecs/avc/settings.ts';
import { framesOf } from '../../../../tokenizer/codecs/avc/view.ts';
import { ffmpeg9 } from '../../../helpers/ffmpegs.ts';
import { PHOTOGRAPHS } from '../../../helpers/photographs.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { ffmpeg, moving, turn } from '../../../helpers/videos.ts';

const SMALL = { width: 64, height: 48 };
const YUV = ['-pix_fmt', 'yuv420p'];

async function encode(path: string, settings: object = SMALL, program?: string) {
  const codec = await createAvcCodec(settings, program);
  const { size } = await stat(path);
  return codec.encodeFile({ path: Buffer.from(path), offset: 0, size, isMember: false }, path);
}

async function framesIn(path: string, settings: object = SMALL): Promise<number | string> {
  return encode(path, settings).then(
    ({ symbols }) => parseAvcDocument(symbols).frames.length,
    (error) => error.code,
  );
}

/** How each name is written by ffmpeg; without an entry as an .mp4 would be. */
const WRITERS: Record<string, string> = {
  qt: '-f mov',
  '3gp': '-c:v h263 -s 352x288',
  '3g2': '-c:v h263 -s 352x288',
  webm: '-c:v libvpx -deadline realtime',
  mpg: '-c:v mpeg1video -r 25',
  mpeg: '-c:v mpeg1video -r 25',
  mpe: '-c:v mpeg1video -r 25 -f mpeg',
  m1v: '-c:v mpeg1video -r 25',
  m2v: '-c:v mpeg2video -r 25',
  mts: '-f mpegts',
  ogv: '-c:v libtheora',
  ogg: '-c:v libtheora',
  flv: '-c:v flv',
  f4v: '-f mp4',
  wmv: '-c:v wmv2',
  asf: '-c:v wmv2',
  gif: '-c:v gif',
  ivf: '-c:v libvpx -deadline realtime',
  '264': '-f h264',
  hevc: '-c:v libx265 -preset ultrafast -x265-params log-level=0 -f hevc',
  h265: '-c:v libx265 -preset ultrafast -x265-params log-level=0 -f hevc',
  '265': '-c:v libx265 -preset ultrafast -x265-params log-level=0 -f hevc',
  y4m: '-f yuv4mpegpipe',
  nut: '-c:v mpeg4',
  mxf: '-c:v mpeg2video -r 25',
  wtv: '-c:v mpeg2video -r 25',
  rm: '-c:v rv20 -s 352x288',
  rmvb: '-c:v rv20 -s 352x288 -f rm',
  dv: '-c:v dvvideo -s 720x576 -r 25 -f dv',
  obu: '-c:v libaom-av1 -cpu-used 8 -usage realtime -f obu',
  mjpeg: '-c:v mjpeg -f mjpeg',
  mjpg: '-c:v mjpeg -f mjpeg',
};

test('every name that is accepted works: the demuxers are those of the names', async (t) => {
  const folder = await temporaryFolder(t);
  // Static builds leave encoders out; any of them may write the sample.
  const programs = [(await findFfmpeg()).path, 'ffmpeg', ffmpeg9].filter((path) => path);
  const missing: string[] = [];
  for (const extension of avc.extensions) {
    const name = `clip${extension}`;
    const options = (WRITERS[extension.slice(1)] ?? '-preset ultrafast').split(' ');
    const write = async (program: string | undefined) =>
      ffmpeg([...moving('96x64', 25, 5.4), ...YUV, ...options, name], folder, program).then(
        () => true,
        () => false,
      );
    let isWritten = false;
    for (const program of new Set(programs)) isWritten ||= await write(program);
    if (isWritten) t.is(await framesIn(join(folder, name)), 15, name);
    else missing.push(extension);
  }
  if (missing.length > 0) t.log(`no encoder here for ${missing.join(' ')}`);
  t.true(missing.length <= 4, missing.join(' '));
});

test('a camera’s stream of JPEG files is a video, under any name; one photograph is none', async (t) => {
  const folder = await temporaryFolder(t);
  const camera = [...moving('96x64', 25, 6), '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'];
  await ffmpeg([...camera, '-f', 'mjpeg', 'camera.mjpeg'], folder);
  await ffmpeg([...camera, '-f', 'mpjpeg', 'server.mjpg'], folder);
  await copyFile(join(folder, 'camera.mjpeg'), join(folder, 'named.mp4'));
  for (const name of ['camera.mjpeg', 'server.mjpg', 'named.mp4']) {
    t.is(await framesIn(join(folder, name)), 15, name);
  }
  const photograph = await readFile(PHOTOGRAPHS[0]);
  await writeFile(join(folder, 'image.mp4'), photograph);
  t.is(await framesIn(join(folder, 'image.mp4'), { ...SMALL, short: 'keep' }), 'VIDEO_UNSUPPORTED');
  await writeFile(join(folder, 'one.mjpeg'), photograph);
  t.is(await framesIn(join(folder, 'one.mjpeg'), { ...SMALL, short: 'keep' }), 1);
  t.is(await framesIn(join(folder, 'one.mjpeg')), 'VIDEO_TOO_SHORT');
});

/** The blocks of the second track of a Matroska file, whose track number is 2. */
function spoilSound(file: Uint8Array): Buffer {
  const spoilt = Buffer.from(file);
  let left = 3;
  for (let at = 0; at + 8 < spoilt.length && left > 0; at++) {
    // SimpleBlock, a size of two bytes, track 2.
    if (spoilt[at] !== 0xa3 || (spoilt[at + 1] & 0xc0) !== 0x40 || spoilt[at + 3] !== 0x82)
      continue;
    const end = at + 3 + (spoilt.readUInt16BE(at + 1) & 0x3fff);
    for (let i = at + 9; i < end; i++) spoilt[i] = (i * 37 + left * 11) & 255;
    at = end - 1;
    left--;
  }
  return spoilt;
}

test('sound is neither decoded nor judged: a video with a spoilt track is whole', async (t) => {
  const folder = await temporaryFolder(t);
  for (const sound of ['aac', 'libmp3lame', 'ac3', 'flac']) {
    const tone = ['-f', 'lavfi', '-i', 'anoisesrc=duration=6:amplitude=0.5'];
    const streams = [...moving('96x64', 10, 6), ...tone, ...YUV, '-map', '0', '-map', '1'];
    await ffmpeg([...streams, '-c:a', sound, 'good.mkv'], folder);
    const good = await readFile(join(folder, 'good.mkv'));
    const bad = spoilSound(good);
    t.notDeepEqual(bad, good, sound);
    await writeFile(join(folder, 'bad.mkv'), bad);
    const { symbols } = await encode(join(folder, 'good.mkv'));
    t.deepEqual((await encode(join(folder, 'bad.mkv'))).symbols, symbols, sound);
  }
});

test('pictures on the cover of sound are no video; one frame is one, where short ones are kept', async (t) => {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('96x64', 1, 1), 'cover.png'], folder);
  const tone = '-f lavfi -i sine=duration=8'.split(' ');
  const asCover = '-map 0 -map 1 -c:v png -disposition:v:0 attached_pic -c:a aac cover.mp4';
  await ffmpeg(['-i', 'cover.png', ...tone, ...asCover.split(' ')], folder);
  const attached = '-c:a aac -attach cover.png -metadata:s:t mimetype=image/png cover.mkv';
  await ffmpeg([...tone, ...attached.split(' ')], folder);
  for (const name of ['cover.mp4', 'cover.mkv']) {
    for (const settings of [SMALL, { ...SMALL, short: 'keep' }, { ...SMALL, frames: 1 }]) {
      t.is(await framesIn(join(folder, name), settings), 'VIDEO_NO_PICTURES', name);
    }
  }
  await ffmpeg([...moving('96x64', 25, 0.04), ...YUV, 'one.mp4'], folder);
  const one = join(folder, 'one.mp4');
  t.is(await framesIn(one), 'VIDEO_TOO_SHORT');
  for (const profile of ['paper', 'reproducible']) {
    t.is(await framesIn(one, { ...SMALL, short: 'keep', profile }), 1, profile);
    t.is(await framesIn(one, { ...SMALL, frames: 1, profile }), 1, profile);
  }
});

/** First and last column and row that are not black, of the first frame. */
async function pictureBox(bytes: Uint8Array) {
  const { width, height, frames } = await framesOf(bytes);
  const isLit = (x: number, y: number) => frames[0][(y * width + x) * 3 + 1] > 60;
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) => isLit(x, height >> 1));
  const rows = Array.from({ length: height }, (_, y) => y).filter((y) => isLit(width >> 1, y));
  return [columns.length, rows.length];
}

async function boxOf(t: ExecutionContext, filter: string, size = '180x180', program?: string) {
  const folder = await temporaryFolder(t);
  const white = ['-f', 'lavfi', '-i', `color=white:size=${size}:rate=5:duration=6`];
  await ffmpeg([...white, ...YUV, '-vf', filter, 'white.mkv'], folder);
  const settings = { width: 128, height: 72, qp: 10, profile: 'reproducible' };
  return pictureBox((await encode(join(folder, 'white.mkv'), settings, program)).symbols);
}

test('profile reproducible keeps the shape that a source is shown in', async (t) => {
  const near = (found: number[], width: number, height: number, what: string) =>
    t.true(
      Math.abs(found[0] - width) <= 2 && Math.abs(found[1] - height) <= 2,
      `${what}: ${found}`,
    );
  near(await boxOf(t, 'setsar=16/9'), 128, 72, '16:9');
  near(await boxOf(t, 'setsar=1/2'), 36, 72, '1:2');
  near(await boxOf(t, 'setsar=64/45', '72x58'), 128, 72, 'PAL, wide');
  near(await boxOf(t, 'setsar=0/1'), 72, 72, 'not known');
  near(await boxOf(t, 'setsar=1'), 72, 72, 'square');
  for (const sar of ['5000/1', '1/5000']) t.is((await boxOf(t, `setsar=${sar}`)).length, 2, sar);
  if (ffmpeg9) near(await boxOf(t, 'setsar=16/9', '180x180', ffmpeg9), 128, 72, 'ffmpeg 9');
});

test('profile reproducible: sources with square samples give the bytes that they always gave', async (t) => {
  const folder = await temporaryFolder(t);
  const sizes = ['96x64', '64x96', '127x33', '33x127', '200x10', '257x145', '31x32'];
  const settings = avcSettingsSchema.parse({ width: 96, height: 54, profile: 'reproducible' });
  const before =
    'fps=3,scale=96:54:force_original_aspect_ratio=decrease:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,pad=96:54:(ow-iw)/2:(oh-ih)/2,setsar=1';
  const options = encodingOptions(settings);
  options[options.indexOf('-vf') + 1] = before;
  for (const size of sizes) {
    await ffmpeg([...moving(size, 3, 6), '-pix_fmt', 'yuv444p', 'clip.mkv'], folder);
    const expected = await ffmpeg(['-i', 'clip.mkv', ...options, 'pipe:1'], folder);
    t.deepEqual(
      Buffer.from((await encode(join(folder, 'clip.mkv'), settings)).symbols),
      expected,
      size,
    );
  }
});

test('a video on its side stands upright, in the shape it is shown in', async (t) => {
  const folder = await temporaryFolder(t);
  const white = ['-f', 'lavfi', '-i', 'color=white:size=96x96:rate=5:duration=6'];
  await ffmpeg([...white, ...YUV, '-vf', 'setsar=2', 'flat.mp4'], folder);
  const quarter = Int32Array.of(0, 1, 0, -1, 0, 0);
  await writeFile(
    join(folder, 'upright.mp4'),
    turn(await readFile(join(folder, 'flat.mp4')), quarter),
  );
  const settings = { width: 128, height: 72, qp: 10, profile: 'reproducible' };
  const [width, height] = await pictureBox(
    (await encode(join(folder, 'upright.mp4'), settings)).symbols,
  );
  t.true(Math.abs(width - 36) <= 2 && Math.abs(height - 72) <= 2, `${width}x${height}`);
});

test('a stream without times, and odd sample aspect ratios under profile paper', async (t) => {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('96x64', 25, 6), ...YUV, '-f', 'h264', 'bare.h264'], folder);
  t.is(await framesIn(join(folder, 'bare.h264')), 15);
  for (const sar of ['0/1', '16/9', '5000/1', '1/5000', '65535/65534']) {
    await ffmpeg([...moving('96x64', 5, 6), ...YUV, '-vf', `setsar=${sar}`, 'odd.mkv'], folder);
    const found = await framesIn(join(folder, 'odd.mkv'));
    t.true(found === 15 || found === 'VIDEO_UNSUPPORTED', `${sar}: ${found}`);
  }
  await ffmpeg([...moving('4000x4', 5, 6), '-c:v', 'ffv1', 'flat.mkv'], folder);
  t.is(await framesIn(join(folder, 'flat.mkv'), { ...SMALL, profile: 'reproducible' }), 15);
  t.is(await framesIn(join(folder, 'flat.mkv')), 'VIDEO_UNSUPPORTED');
});

test('the key frames of --qp 37 have 34: x264’s ratio of 1.4 between the two', async (t) => {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('64x48', 3, 6), ...YUV, 'clip.mp4'], folder);
  const options = encodingOptions(avcSettingsSchema.parse(SMALL));
  const { path } = await findFfmpeg();
  const { stderr } = await execa(path, ['-i', 'clip.mp4', ...options, '-y', 'out.h264'], {
    cwd: folder,
  });
  t.regex(stderr, /frame I:\d+ +Avg QP:34\.00/);
  t.regex(stderr, /frame P:\d+ +Avg QP:37\.00/);
  t.is(await framesIn(join(folder, 'clip.mp4'), { ...SMALL, qp: 1 }), 15);
});
