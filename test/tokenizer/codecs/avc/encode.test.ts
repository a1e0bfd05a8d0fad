import { copyFile, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseAvcDocument } from '../../../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../../../tokenizer/codecs/avc/encode.ts';
import { encodingOptions } from '../../../../tokenizer/codecs/avc/ffmpeg/command.ts';
import { findFfmpeg, npmFfmpeg } from '../../../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { avcSettingsSchema } from '../../../../tokenizer/codecs/avc/settings.ts';
import { PHOTOGRAPHS } from '../../../helpers/photographs.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { testLong, testWith } from '../../../helpers/tools.ts';
import { damage, ffmpeg, makeClips, moving, PAPER_COMMAND, turn } from '../../../helpers/videos.ts';

const SMALL = { width: 64, height: 48 };

async function spanOf(path: string) {
  const { size } = await stat(path);
  return { path: Buffer.from(path), offset: 0, size, isMember: false };
}

/** A slow pan over a photograph, and other sizes, rates and codecs. */
async function makeVaried(folder: string): Promise<string[]> {
  const pan = "zoompan=z=1.3:x='on*3':y='on*2':d=150:fps=25:s=640x360";
  const [photograph, coded] = [PHOTOGRAPHS[4], '-pix_fmt yuv420p -preset ultrafast'.split(' ')];
  await ffmpeg(['-i', photograph, '-vf', pan, ...coded, 'pan.mp4'], folder);
  await ffmpeg([...moving('640x360', 15, 6), ...coded, 'plain.mp4'], folder);
  await ffmpeg([...moving('123x257', 7, 6), '-pix_fmt', 'yuv444p', 'odd.mkv'], folder);
  return ['pan.mp4', 'plain.mp4', 'odd.mkv'].map((name) => join(folder, name));
}

async function equalsPaper(t: ExecutionContext, clips: readonly string[], folder: string) {
  const codec = await createAvcCodec();
  for (const clip of clips) {
    await ffmpeg(['-i', clip, ...PAPER_COMMAND, 'by-hand.h264'], folder);
    const { symbols: bytes } = await codec.encodeFile(await spanOf(clip), clip);
    t.deepEqual(Buffer.from(bytes), await readFile(join(folder, 'by-hand.h264')), clip);
    t.is(parseAvcDocument(bytes).frames.length, 15);
  }
}

test('profile paper: the bytes of the command run by hand, SEI and all', async (t) => {
  const folder = await temporaryFolder(t);
  await equalsPaper(t, await makeVaried(folder), folder);
});

testLong('profile paper: the bytes of the command run by hand, on 60 clips', async (t) => {
  const folder = await temporaryFolder(t);
  const clips = await makeClips(join(folder, 'clips'), 60, '640x360');
  t.true(clips.length >= 60);
  await equalsPaper(t, clips, folder);
});

async function reproducibly(clip: string, path: string, folder: string, cpu: string[] = []) {
  const settings = avcSettingsSchema.parse({ profile: 'reproducible' });
  return ffmpeg([...cpu, '-i', clip, ...encodingOptions(settings), 'pipe:1'], folder, path);
}

testWith(
  'ffmpeg',
  'profile reproducible: equal bytes from two builds and without processor features, no SEI',
  async (t) => {
    const folder = await temporaryFolder(t);
    const other = npmFfmpeg();
    t.truthy(other, 'the optional dependency is installed');
    const codec = await createAvcCodec({ profile: 'reproducible' }, other);
    for (const clip of await makeVaried(folder)) {
      const { symbols: bytes } = await codec.encodeFile(await spanOf(clip), clip);
      t.false(parseAvcDocument(bytes).hasSei);
      const expected = Buffer.from(bytes);
      t.deepEqual(await reproducibly(clip, 'ffmpeg', folder), expected, clip);
      t.deepEqual(await reproducibly(clip, 'ffmpeg', folder, ['-cpuflags', '0']), expected, clip);
    }
  },
);

/** The result for each kind of file: frames of its document, or an error code. */
type Kind = [name: string, make: (folder: string, good: string) => Promise<unknown>, end: unknown];

const KINDS: Kind[] = [
  ['short.mp4', (f) => ffmpeg([...moving('96x64', 10, 2), 'short.mp4'], f), 'VIDEO_TOO_SHORT'],
  ['one.mp4', (f) => ffmpeg([...moving('96x64', 1, 1), 'one.mp4'], f), 'VIDEO_TOO_SHORT'],
  [
    'variable.mkv',
    async (f) => {
      const times = "setpts='if(lt(N,30),N/10,N/5-3)/TB'";
      const { frameSync } = await findFfmpeg();
      return ffmpeg([...moving('96x64', 10, 6), '-vf', times, frameSync, 'vfr', 'variable.mkv'], f);
    },
    15,
  ],
  ['odd.mkv', (f) => ffmpeg([...moving('35x77', 5, 6), '-pix_fmt', 'yuv444p', 'odd.mkv'], f), 15],
  ['long.mp4', (f) => ffmpeg([...moving('32x32', 5, 1200), '-c:v', 'mpeg4', 'long.mp4'], f), 15],
  [
    'sound.mp4',
    (f) => ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=6', '-c:a', 'aac', 'sound.mp4'], f),
    'VIDEO_NO_PICTURES',
  ],
  ['empty.mp4', (f) => writeFile(join(f, 'empty.mp4'), ''), 'VIDEO_EMPTY'],
  [
    'cut.mp4',
    async (f, good) => writeFile(join(f, 'cut.mp4'), (await readFile(good)).subarray(0, 9000)),
    'VIDEO_CORRUPT',
  ],
  [
    'damaged.mp4',
    async (f, good) => writeFile(join(f, 'damaged.mp4'), damage(await readFile(good))),
    'VIDEO_CORRUPT',
  ],
  [
    'noise',
    (f) =>
      writeFile(
        join(f, 'noise'),
        Buffer.from(Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 7) & 255)),
      ),
    'VIDEO_UNSUPPORTED',
  ],
  ['image.mp4', (f) => copyFile(PHOTOGRAPHS[0], join(f, 'image.mp4')), 'VIDEO_UNSUPPORTED'],
  ['text.mp4', (f) => writeFile(join(f, 'text.mp4'), 'not a video\n'), 'VIDEO_UNSUPPORTED'],
];

test('each kind of file is kept or refused with its code, and named', async (t) => {
  const folder = await temporaryFolder(t);
  const good = join(folder, 'good.mp4');
  const fast = ['-movflags', '+faststart'];
  await ffmpeg([...moving('96x64', 10, 6), '-pix_fmt', 'yuv420p', ...fast, 'good.mp4'], folder);
  const codec = await createAvcCodec(SMALL);
  for (const [name, make, end] of KINDS) {
    await make(folder, good);
    const result = await codec.encodeFile(await spanOf(join(folder, name)), `the ${name}`).then(
      ({ symbols }) => parseAvcDocument(symbols).frames.length,
      (error) => (error.message.startsWith(`the ${name}`) ? error.code : error),
    );
    t.is(result, end, name);
  }
});

test('a video that is turned comes out upright', async (t) => {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('96x48', 6, 6), '-pix_fmt', 'yuv420p', 'wide.mp4'], folder);
  const half = Int32Array.of(-1, 0, 0, 0, -1, 0);
  await writeFile(join(folder, 'turned.mp4'), turn(await readFile(join(folder, 'wide.mp4')), half));
  await ffmpeg(['-i', 'wide.mp4', '-vf', 'hflip,vflip', '-qp', '0', 'upright.mp4'], folder);
  const { framesOf } = await import('../../../../tokenizer/codecs/avc/view.ts');
  const codec = await createAvcCodec({ width: 96, height: 48, qp: 10 });
  const pixels = async (name: string) => {
    const { symbols: bytes } = await codec.encodeFile(await spanOf(join(folder, name)), name);
    return Buffer.concat((await framesOf(bytes)).frames);
  };
  const [turned, upright] = [await pixels('turned.mp4'), await pixels('upright.mp4')];
  const difference = turned.reduce((sum, value, i) => sum + Math.abs(value - upright[i]), 0);
  t.true(difference / turned.length < 8, `${difference / turned.length} a sample`);
});

test('short and damaged videos are kept when asked for', async (t) => {
  const folder = await temporaryFolder(t);
  const codec = await createAvcCodec({ ...SMALL, short: 'keep', damaged: 'keep' });
  await ffmpeg([...moving('96x64', 10, 2), 'short.mp4'], folder);
  const short = await codec.encodeFile(await spanOf(join(folder, 'short.mp4')), 'short');
  t.is(parseAvcDocument(short.symbols).frames.length, 6);
  await ffmpeg([...moving('96x64', 10, 6), '-movflags', '+faststart', 'good.mp4'], folder);
  await writeFile(join(folder, 'bad.mp4'), damage(await readFile(join(folder, 'good.mp4'))));
  const bad = await codec.encodeFile(await spanOf(join(folder, 'bad.mp4')), 'bad');
  t.is(parseAvcDocument(bad.symbols).frames.length, 15);
});

test('a member of an archive, bytes, and names of any kind give the bytes of the plain file', async (t) => {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('96x64', 10, 6), '-pix_fmt', 'yuv420p', 'good.mp4'], folder);
  const content = await readFile(join(folder, 'good.mp4'));
  const codec = await createAvcCodec(SMALL);
  const { symbols: bytes } = await codec.encodeFile(await spanOf(join(folder, 'good.mp4')), 'good');
  const archive = join(folder, 'archive.tar');
  const around = Buffer.alloc(777, 'x');
  await writeFile(archive, Buffer.concat([around, content, around]));
  const member = { path: Buffer.from(archive), offset: 777, size: content.length, isMember: true };
  t.deepEqual((await codec.encodeFile(member, 'member')).symbols, bytes);
  t.deepEqual((await codec.encode(content, 'bytes')).symbols, bytes);
  const names = ['-i %03d http:x|y\'".mp4', 'concat:a|b', 'no-utf8-\xff\xfe.mp4'];
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
    const file = await open(path, 'w');
    await file.writeFile(content);
    await file.close();
    const span = { path, offset: 0, size: content.length, isMember: false };
    t.deepEqual((await codec.encodeFile(span, name)).symbols, bytes, name);
  }
});

test('settings that make no sense are refused and named', async (t) => {
  await t.throwsAsync(() => createAvcCodec({ width: 63 }), {
    code: 'CONFIG_INVALID',
    message: /AVC width: must be even/,
  });
  const { recipe, ...libraries } = (await createAvcCodec()).versions;
  t.deepEqual(libraries, (await findFfmpeg()).versions);
  t.regex(recipe, /^\d+$/);
});
