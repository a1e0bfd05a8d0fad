import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseAvcDocument } from '../../../../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../../../../tokenizer/codecs/avc/encode.ts';
import { FFMPEG_VARIABLE, findFfmpeg } from '../../../../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { splitNalUnits } from '../../../../../tokenizer/codecs/avc/nal.ts';
import { framesOf, toMp4 } from '../../../../../tokenizer/codecs/avc/view.ts';
import { ffmpeg9, pretender } from '../../../../helpers/ffmpegs.ts';
import { temporaryFolder } from '../../../../helpers/temporary.ts';
import { testIf } from '../../../../helpers/tools.ts';
import { ffmpeg, moving } from '../../../../helpers/videos.ts';

const SMALL = { width: 64, height: 48 };
const SEI = 6;

async function makeClip(t: ExecutionContext) {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('96x64', 10, 6), '-pix_fmt', 'yuv420p', 'good.mp4'], folder);
  const path = join(folder, 'good.mp4');
  const span = {
    path: Buffer.from(path),
    offset: 0,
    size: (await stat(path)).size,
    isMember: false,
  };
  return { folder, span };
}

/** While `work` runs, the ffmpeg of the environment is another one. */
async function withFfmpeg<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = process.env[FFMPEG_VARIABLE];
  process.env[FFMPEG_VARIABLE] = path;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env[FFMPEG_VARIABLE];
    else process.env[FFMPEG_VARIABLE] = before;
  }
}

testIf(
  ffmpeg9 !== undefined,
  'bench/peers/setup-ffmpeg9.sh has not been run',
  'ffmpeg 9 gives the slices, the pixels and the files of the ffmpeg that is found otherwise',
  async (t) => {
    const { span } = await makeClip(t);
    const usual = await withFfmpeg('', findFfmpeg);
    const documents: Buffer[] = [];
    const clips: Uint8Array[] = [];
    for (const program of [usual.path, ffmpeg9!]) {
      const slices: Buffer[] = [];
      for (const profile of ['paper', 'reproducible'] as const) {
        const codec = await createAvcCodec({ ...SMALL, profile }, program);
        const { symbols: bytes } = await codec.encodeFile(span, 'good.mp4');
        t.is(parseAvcDocument(bytes).frames.length, 15);
        const units = splitNalUnits(bytes).filter(({ type }) => type !== SEI);
        slices.push(...units.map(({ start, end }) => Buffer.from(bytes.subarray(start, end))));
        if (profile === 'paper') continue;
        const { frames } = await withFfmpeg(program, () => framesOf(bytes));
        clips.push(Buffer.concat(frames));
        t.true((await withFfmpeg(program, () => toMp4(bytes, 3))).length > bytes.length);
      }
      documents.push(Buffer.concat(slices));
    }
    t.deepEqual(documents[1], documents[0]);
    t.deepEqual(clips[1], clips[0]);
  },
);

test.serial(
  'an option that ffmpeg does not know is its fault: of no document and of no file',
  async (t) => {
    const { folder, span } = await makeClip(t);
    const { path, frameSync } = await findFfmpeg();
    const { symbols: bytes } = await (await createAvcCodec(SMALL)).encodeFile(span, 'good.mp4');
    const refusing = (option: string, name: string) => {
      const says = `echo "Unrecognized option '\${1}'." >&2; echo 'Error splitting the argument list: Option not found' >&2; exit 8`;
      return pretender(join(folder, name), path, `*' ${option} '*`, says);
    };
    const noSync = await refusing(frameSync, 'no-sync');
    const failed = {
      code: 'TOOL_FAILED',
      message: /no-sync refuses its command line: Unrecognized/,
    };
    await t.throwsAsync(() => withFfmpeg(noSync, () => framesOf(bytes)), failed);
    const codec = await createAvcCodec(SMALL, await refusing('-mixed-refs', 'no-refs'));
    await t.throwsAsync(() => codec.encodeFile(span, 'good.mp4'), { code: 'TOOL_FAILED' });
  },
);

test.serial('an encoder that cannot be set up stops the run: no file is blamed', async (t) => {
  const { folder, span } = await makeClip(t);
  await t.throwsAsync(() => createAvcCodec({ qp: 0 }), { code: 'CONFIG_INVALID', message: /qp/ });
  const { path } = await findFfmpeg();
  // Lossless in baseline, which libx264 was asked for until the settings refused 0.
  const lossless = await pretender(
    join(folder, 'lossless'),
    path,
    "*'-qp 37'*",
    `exec '${path}' -v error -f lavfi -i testsrc2=duration=1 -c:v libx264 -profile:v baseline -qp 0 -pix_fmt yuv420p -f h264 pipe:1`,
  );
  const codec = await createAvcCodec(SMALL, lossless);
  await t.throwsAsync(() => codec.encodeFile(span, 'good.mp4'), {
    code: 'TOOL_FAILED',
    message: /lossless/,
  });
});

test.serial(
  'an ffmpeg that went away, or is stopped, is named and no document is blamed',
  async (t) => {
    const { folder, span } = await makeClip(t);
    const { path, frameSync } = await findFfmpeg();
    const gone = await pretender(join(folder, 'gone'), path, 'never', 'true');
    const codec = await createAvcCodec(SMALL, gone);
    const { symbols: bytes } = await codec.encodeFile(span, 'good.mp4');
    await withFfmpeg(gone, () => framesOf(bytes));
    await rename(gone, `${gone}.away`);
    const missing = { code: 'TOOL_MISSING', message: /gone can.* (be run|be started)/ };
    await t.throwsAsync(() => codec.encodeFile(span, 'good.mp4'), missing);
    await t.throwsAsync(() => withFfmpeg(gone, () => framesOf(bytes)), missing);
    for (const [name, otherwise] of [
      ['killed', 'kill -KILL $$'],
      ['starved', 'echo "Cannot allocate memory" >&2; exit 1'],
    ]) {
      const stopped = await pretender(join(folder, name), path, `*' ${frameSync} '*`, otherwise);
      await t.throwsAsync(() => withFfmpeg(stopped, () => framesOf(bytes)), {
        code: 'TOOL_FAILED',
      });
    }
  },
);

test.serial('a file may be named like a message of ffmpeg', async (t) => {
  const { folder } = await makeClip(t);
  const path = join(folder, "Unrecognized option 'x'. Unknown encoder.mp4");
  await writeFile(path, Buffer.alloc(3000, 7));
  const span = { path: Buffer.from(path), offset: 0, size: 3000, isMember: false };
  const codec = await createAvcCodec(SMALL);
  await t.throwsAsync(() => codec.encodeFile(span, 'odd.mp4'), { code: 'VIDEO_CORRUPT' });
});
