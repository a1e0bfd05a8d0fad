/** A video file to the canonical bytes of a document: one ffmpeg process a file. */
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { CodecLmError } from '../../../base/error.ts';
import { writeError } from '../../../base/file-error.ts';
import type { Document, Encoder, FileSpan } from '../codec.ts';
import { parseSettings } from '../define.ts';
import { parseAvcDocument } from './document.ts';
import { encodingOptions, untrustedInput } from './ffmpeg/command.ts';
import { oneLine, readable, videoError } from './ffmpeg/failures.ts';
import { runFfmpeg } from './ffmpeg/ffmpeg.ts';
import { type Ffmpeg, findFfmpeg, warningOf } from './ffmpeg/find.ts';
import { checkHead } from './ffmpeg/probe.ts';
import { withFolder } from './ffmpeg/scratch.ts';
import { toolFault } from './ffmpeg/tool-fault.ts';
import { type AvcSettings, avcSettingsSchema } from './settings.ts';

/** See `Encoder.versions`. */
const RECIPE = '1';

/** A macroblock takes 384 bytes of samples at most (I_PCM), and its slice a few more. */
const MAX_BYTES_A_MACROBLOCK = 1024;

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
    versions: { ...ffmpeg.versions, recipe: RECIPE },
    warning: warningOf(ffmpeg),
    ffmpeg,
    encodeFile,
    encode: (source, label) => encodeBytes(source, label, encodeFile),
  };
}

/** ffmpeg has to seek in most formats, so bytes go through a temporary file and no pipe. */
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

/** @throws CodecLmError `VIDEO_*`; `TOOL_MISSING`, `TOOL_FAILED` when no file is to blame */
async function encodeSpan(
  file: FileSpan,
  label: string,
  settings: AvcSettings,
  ffmpeg: Ffmpeg,
): Promise<Clip> {
  await checkHead(file, label);
  const path = textPath(file.path);
  if (path !== undefined) return encodePath(path, file, label, settings, ffmpeg);
  // An argument is text: a name that is none gets another one for the time being.
  return withFolder(async (folder) => {
    const link = join(folder, 'video');
    await symlink(absolute(file.path), link);
    return encodePath(link, file, label, settings, ffmpeg);
  });
}

async function encodePath(
  path: string,
  file: FileSpan,
  label: string,
  settings: AvcSettings,
  ffmpeg: Ffmpeg,
): Promise<Clip> {
  const { width, height, frames, timeoutSeconds, memoryMb } = settings;
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const { url: input, protocols } = addressOf(path, file);
  const result = await runFfmpeg({
    ffmpeg: ffmpeg.path,
    inputOptions: untrustedInput(protocols),
    input,
    outputOptions: encodingOptions(settings),
    timeoutSeconds,
    cpuSeconds: timeoutSeconds + 1,
    memoryMb,
    maxOutputBytes: (frames + 1) * macroblocks * MAX_BYTES_A_MACROBLOCK,
  });
  const fault = toolFault(ffmpeg.path, result, input);
  if (fault) throw fault;
  if (result.failure) throw videoError(result, label, input);
  const said = oneLine(readable(result.stderr, label, input));
  checkWhole(result.output, said, label, settings);
  return { symbols: result.output, width, height };
}

/** @throws CodecLmError `VIDEO_CORRUPT`, `VIDEO_TOO_SHORT` as the settings want it */
function checkWhole(
  bytes: Uint8Array,
  said: string,
  label: string,
  { frames, short, damaged }: AvcSettings,
): void {
  const found = bytes.length === 0 ? 0 : parseAvcDocument(bytes).frames.length;
  if (said !== '' && (damaged === 'refuse' || found === 0)) {
    throw new CodecLmError('VIDEO_CORRUPT', `${label} is damaged: ${said}`, {
      path: label,
      hint: 'with `damaged: keep`, what the decoder makes of it is taken',
    });
  }
  if (found > frames) throw new CodecLmError('INTERNAL', `${label}: ${found} frames encoded`);
  if (found < frames && (short === 'refuse' || found === 0)) {
    throw new CodecLmError('VIDEO_TOO_SHORT', `${label} gives ${found} of ${frames} frames`, {
      path: label,
      hint: 'with `short: keep`, documents may have fewer frames',
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

/** Named by its protocol, so that no file name is taken for another one's. */
function addressOf(path: string, file: FileSpan): { url: string; protocols: string[] } {
  if (!file.isMember) return { url: `file:${path}`, protocols: ['file'] };
  const { offset, size } = file;
  return {
    url: `subfile,,start,${offset},end,${offset + size},,:file:${path}`,
    protocols: ['subfile', 'file'],
  };
}
