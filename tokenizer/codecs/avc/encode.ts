/** Encodes a video file as the canonical bytes of a document: one ffmpeg process per file. */
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { CodecLmError, messageOf } from '../../../base/error.ts';
import { writeError } from '../../../base/file-error.ts';
import type { Document, Encoder, FileSpan } from '../codec.ts';
import { parseSettings } from '../define.ts';
import { parseAvcDocument } from './document.ts';
import { encodingOptions, PICTURE_OPTIONS, untrustedInput } from './ffmpeg/command.ts';
import { aboutPictures } from './ffmpeg/complaints.ts';
import { oneLine, readable, videoError } from './ffmpeg/failures.ts';
import { type FfmpegJob, runFfmpeg } from './ffmpeg/ffmpeg.ts';
import { type Ffmpeg, findFfmpeg, warningOf } from './ffmpeg/find.ts';
import { checkHead } from './ffmpeg/probe.ts';
import { withFolder } from './ffmpeg/scratch.ts';
import { toolFault } from './ffmpeg/tool-fault.ts';
import { type AvcSettings, avcSettingsSchema } from './settings.ts';

/**
 * See `Encoder.versions`. Version 2 of `reproducible` keeps the shape of sources whose samples are
 * not square.
 */
const RECIPES = { paper: '1', reproducible: '2' } as const;

/** A macroblock has at most 384 bytes of samples (I_PCM), and its slice a few more. */
const MAX_BYTES_A_MACROBLOCK = 1024;

/** Largest coded frame of a source. */
const MAX_PACKET_BYTES = 2 ** 28;

type Clip = Document<Uint8Array>;

export interface AvcEncoder extends Encoder<Uint8Array> {
  encodeFile(file: FileSpan, label: string): Promise<Clip>;
  readonly ffmpeg: Ffmpeg;
}

/**
 * @param named the ffmpeg to use; see {@link findFfmpeg}
 * @throws CodecLmError `CONFIG_INVALID` that names the setting; `TOOL_MISSING`
 */
export async function createAvcCodec(
  input: z.input<typeof avcSettingsSchema> = {},
  named?: string,
): Promise<AvcEncoder> {
  const settings = parseSettings('AVC', avcSettingsSchema, input);
  const ffmpeg = await findFfmpeg(named);
  const encodeFile = (file: FileSpan, label: string) => encodeSpan(file, label, settings, ffmpeg);
  return {
    settings,
    versions: { ...ffmpeg.versions, recipe: RECIPES[settings.profile] },
    warning: warningOf(ffmpeg),
    ffmpeg,
    encodeFile,
    encode: (source, label) => encodeBytes(source, label, encodeFile),
  };
}

/** Most formats need seeking, so the bytes go through a temporary file instead of a pipe. */
async function encodeBytes(
  source: Uint8Array,
  label: string,
  encodeFile: AvcEncoder['encodeFile'],
): Promise<Clip> {
  return withFolder(async (folder) => {
    const path = join(folder, 'video');
    try {
      await writeFile(path, source);
    } catch (error) {
      throw writeError(error, path);
    }
    const file = { path: Buffer.from(path), offset: 0, size: source.length, isMember: false };
    return encodeFile(file, label);
  });
}

/** @throws CodecLmError `VIDEO_*`; `TOOL_MISSING`, `TOOL_FAILED` when the file is not the cause */
async function encodeSpan(
  file: FileSpan,
  label: string,
  settings: AvcSettings,
  ffmpeg: Ffmpeg,
): Promise<Clip> {
  const demuxer = await checkHead(file, label);
  const encode = (path: string) => encodePath(path, { ...file, demuxer }, label, settings, ffmpeg);
  const path = textPath(file.path);
  if (path !== undefined) return encode(path);
  // Arguments are text: a file whose name is not valid UTF-8 gets a temporary name.
  return withFolder(async (folder) => {
    const link = join(folder, 'video');
    await symlink(absolute(file.path), link);
    return encode(link);
  });
}

/** Limits of time, memory and output for one video. */
function limitsOf({ width, height, frames, timeoutSeconds, memoryMb }: AvcSettings) {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const maxOutputBytes = (frames + 1) * macroblocks * MAX_BYTES_A_MACROBLOCK;
  return { timeoutSeconds, cpuSeconds: timeoutSeconds + 1, memoryMb, maxOutputBytes };
}

async function encodePath(
  path: string,
  file: FileSpan & { demuxer?: string },
  label: string,
  settings: AvcSettings,
  ffmpeg: Ffmpeg,
): Promise<Clip> {
  const { width, height, frames, short } = settings;
  const { url: input, protocols } = addressOf(path, file);
  const inputOptions = untrustedInput(protocols, file.demuxer);
  const run = async (outputOptions: string[], change: Partial<FfmpegJob> = {}) => {
    const job = { ffmpeg: ffmpeg.path, inputOptions, input, outputOptions };
    const result = await runFfmpeg({ ...limitsOf(settings), ...job, ...change });
    const fault = toolFault(ffmpeg.path, result, input);
    if (fault) throw fault;
    const stderr = await aboutPictures(ffmpeg.path, result.stderr);
    if (result.failure) throw videoError({ ...result, stderr }, label, input);
    return { bytes: result.output, said: oneLine(readable(stderr, label, input)) };
  };
  const encode = async (isKept = false) => {
    const { bytes, said } = await run(encodingOptions(settings, isKept));
    return { bytes, said, found: framesIn(bytes, label) };
  };
  let encoded = await encode();
  if (encoded.found < 2 && encoded.found < frames && encoded.said === '') {
    // ffmpeg treats the cover picture of a piece of music as a video stream with at most one
    // frame.
    await run(PICTURE_OPTIONS, { maxOutputBytes: MAX_PACKET_BYTES });
    const isEnough = short === 'keep' || frames === 1;
    if (encoded.found === 0 && isEnough) encoded = await encode(true);
  }
  checkWhole(encoded, label, settings);
  return { symbols: encoded.bytes, width, height };
}

/** @throws CodecLmError `VIDEO_UNSUPPORTED` when the output of ffmpeg is not a document */
function framesIn(bytes: Uint8Array, label: string): number {
  if (bytes.length === 0) return 0;
  try {
    return parseAvcDocument(bytes).frames.length;
  } catch (cause) {
    const message = `${label} becomes no document: ${messageOf(cause)}`;
    throw new CodecLmError('VIDEO_UNSUPPORTED', message, { path: label, cause });
  }
}

/** @throws CodecLmError `VIDEO_CORRUPT`, `VIDEO_TOO_SHORT`, depending on the settings */
function checkWhole(
  { found, said }: { found: number; said: string },
  label: string,
  { frames, short, damaged }: AvcSettings,
): void {
  if (said !== '' && (damaged === 'refuse' || found === 0)) {
    throw new CodecLmError('VIDEO_CORRUPT', `${label} is damaged: ${said}`, {
      path: label,
      hint: 'with `damaged: keep`, the frames that the decoder could recover are used',
    });
  }
  if (found > frames) throw new CodecLmError('INTERNAL', `${label}: ${found} frames encoded`);
  if (found < frames && (short === 'refuse' || found === 0)) {
    throw new CodecLmError('VIDEO_TOO_SHORT', `${label} gives ${found} of ${frames} frames`, {
      path: label,
      hint: 'ask for fewer `frames`, or keep what is there by `short: keep`',
    });
  }
}

function textPath(path: Buffer): string | undefined {
  const text = path.toString('utf8');
  return Buffer.from(text).equals(path) ? resolve(text) : undefined;
}

function absolute(path: Buffer): Buffer {
  return path[0] === 0x2f ? path : Buffer.concat([Buffer.from(`${process.cwd()}/`), path]);
}

/**
 * Names the file together with its protocol, so that ffmpeg cannot read the name as something else.
 */
function addressOf(path: string, file: FileSpan): { url: string; protocols: string[] } {
  if (!file.isMember) return { url: `file:${path}`, protocols: ['file'] };
  const { offset, size } = file;
  return {
    url: `subfile,,start,${offset},end,${offset + size},,:file:${path}`,
    protocols: ['subfile', 'file'],
  };
}
