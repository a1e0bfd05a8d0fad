import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { parseAvcDocument } from '../../../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../../../tokenizer/codecs/avc/encode.ts';
import { readMp4Track } from '../../../../tokenizer/codecs/avc/mp4.ts';
import { animate, drawStrip } from '../../../../tokenizer/codecs/avc/strip.ts';
import { framesOf, fromMp4, toMp4 } from '../../../../tokenizer/codecs/avc/view.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { hasTool } from '../../../helpers/tools.ts';
import { makeClips } from '../../../helpers/videos.ts';
import { randomDocument } from './walks.ts';

test('a document becomes an .mp4 of exactly its frames and rate, and the same bytes again', async (t) => {
  const folder = await temporaryFolder(t);
  const [clip] = await makeClips(join(folder, 'clips'), 1);
  for (const profile of ['paper', 'reproducible'] as const) {
    const codec = await createAvcCodec({ width: 64, height: 48, profile });
    const { symbols: bytes } = await codec.encode(await readFile(clip), clip);
    const file = await toMp4(bytes, 3);
    t.deepEqual(readMp4Track(file), { samples: 15, seconds: 5 });
    t.deepEqual(await fromMp4(file), Buffer.from(bytes), profile);
  }
});

test('other rates and numbers of frames are kept too', async (t) => {
  const folder = await temporaryFolder(t);
  const [clip] = await makeClips(join(folder, 'clips'), 1);
  const codec = await createAvcCodec({ width: 64, height: 48, fps: 7, frames: 10 });
  const { symbols: bytes } = await codec.encode(await readFile(clip), clip);
  const { samples, seconds } = readMp4Track(await toMp4(bytes, 7));
  t.is(samples, 10);
  t.true(Math.abs(seconds - 10 / 7) < 1e-3);
});

test('a document that says other times of itself is shown at its rate all the same', async (t) => {
  // Drawn at random, so that about one in two has a frame rate of its own in its VUI.
  const target = { width: 32, height: 16, frames: 5 };
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const bytes = randomDocument(target, randomNumbers(seed));
    const file = await toMp4(bytes, 3);
    const { samples, seconds } = readMp4Track(file);
    t.is(samples, 5);
    t.true(Math.abs(seconds - 5 / 3) < 1e-3);
    // An MP4 file does not know which start codes were a byte longer.
    t.is(parseAvcDocument(await fromMp4(file)).frames.length, 5);
    if (!hasTool('ffprobe')) continue;
    t.regex(await probedDuration(t, file), /^1\.66[67]/, String(seed));
  }
});

/** The duration that ffprobe reads from the file. */
async function probedDuration(t: ExecutionContext, file: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(t), 'clip.mp4');
  await writeFile(path, file);
  const wanted = '-v error -show_entries format=duration -of csv=p=0'.split(' ');
  return (await promisify(execFile)('ffprobe', [...wanted, path])).stdout;
}

test('frames, strip and animation have every frame of the clip', async (t) => {
  const folder = await temporaryFolder(t);
  const [clip] = await makeClips(join(folder, 'clips'), 1);
  const codec = await createAvcCodec({ width: 64, height: 48, qp: 10 });
  const { symbols: bytes } = await codec.encode(await readFile(clip), clip);
  const frames = await framesOf(bytes);
  t.is(frames.frames.length, 15);
  t.true(frames.frames.every((pixels) => pixels.length === 64 * 48 * 3));
  t.notDeepEqual(frames.frames[0], frames.frames[14], 'the picture moves');
  const strip = sharp(await drawStrip(frames, { columns: 5, promptFrames: 10 }));
  const { data, info } = await strip.raw().toBuffer({ resolveWithObject: true });
  t.deepEqual([info.width, info.height], [2 + 5 * 66, 2 + 3 * 53]);
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
  t.deepEqual(at(2 + 66, 2), [...frames.frames[1].subarray(0, 3)], 'the second frame is second');
  t.deepEqual(at(10, 2 + 48 + 1), [250, 176, 5], 'a line under what was given');
  t.deepEqual(at(10, 2 + 2 * 53 + 48 + 1), [24, 24, 27], 'and none under what was generated');
  const moving = await sharp(await animate(frames, 3), { animated: true }).metadata();
  t.is(moving.pages, 15);
  t.deepEqual(new Set(moving.delay), new Set([333]));
});

test('bytes that are no document are refused, and make no file', async (t) => {
  const folder = await temporaryFolder(t);
  const [clip] = await makeClips(join(folder, 'clips'), 1);
  const codec = await createAvcCodec({ width: 64, height: 48 });
  const { symbols: bytes } = await codec.encode(await readFile(clip), clip);
  const { frames } = parseAvcDocument(bytes);
  const slice = bytes.subarray(0, frames[4].end - 30);
  for (const broken of [slice, new Uint8Array(0), Buffer.from('no stream')]) {
    await t.throwsAsync(() => toMp4(broken, 3), { code: 'AVC_INVALID' });
    await t.throwsAsync(() => framesOf(broken), { code: 'AVC_INVALID' });
  }
  await t.throwsAsync(() => fromMp4(Buffer.from('no box at all')), { code: 'AVC_INVALID' });
});
