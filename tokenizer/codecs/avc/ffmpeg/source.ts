/** A video file as ffmpeg opens it: checked, named safely, within limits of time and memory. */
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FileSpan } from '../../codec.ts';
import type { AvcSettings } from '../settings.ts';
import { seekTo, untrustedInput } from './command.ts';
import { aboutPictures } from './complaints.ts';
import { oneLine, readable, videoError } from './failures.ts';
import { type FfmpegJob, runFfmpeg } from './ffmpeg.ts';
import type { Ffmpeg } from './find.ts';
import { checkHead } from './probe.ts';
import { withFolder } from './scratch.ts';
import { toolFault } from './tool-fault.ts';

/** A macroblock has at most 384 bytes of samples (I_PCM), and its slice a few more. */
const MAX_BYTES_A_MACROBLOCK = 1024;

export interface RunOptions {
  /** Microseconds from the beginning that are sought: only where the file has an index. */
  seek?: number;
  /** Changes to the limits of one document. */
  limits?: Partial<
    Pick<FfmpegJob, 'maxOutputBytes' | 'timeoutSeconds' | 'cpuSeconds' | 'onOutput'>
  >;
}

export interface VideoSource {
  readonly label: string;
  /** Whether any time of it is found exactly without decoding all before. */
  readonly hasIndex: boolean;
  /**
   * Runs ffmpeg on it.
   * @returns its output, and what the decoder complained of
   * @throws CodecLmError `VIDEO_*`; `TOOL_MISSING`, `TOOL_FAILED` when the file is not the cause
   */
  run(
    outputOptions: readonly string[],
    options?: RunOptions,
  ): Promise<{ bytes: Buffer; said: string }>;
}

/** @throws CodecLmError `VIDEO_EMPTY`, `VIDEO_UNREADABLE`, `VIDEO_UNSUPPORTED`, and what `work` throws */
export async function withSource<T>(
  file: FileSpan,
  label: string,
  settings: AvcSettings,
  ffmpeg: Ffmpeg,
  work: (source: VideoSource) => Promise<T>,
): Promise<T> {
  const { demuxer, hasIndex } = await checkHead(file, label);
  const open = (path: string): VideoSource => ({
    label,
    hasIndex,
    run: runnerOf(path, { ...file, demuxer }, label, settings, ffmpeg),
  });
  const path = textPath(file.path);
  if (path !== undefined) return work(open(path));
  // Arguments are text: a file whose name is not valid UTF-8 gets a temporary name.
  return withFolder(async (folder) => {
    const link = join(folder, 'video');
    await symlink(absolute(file.path), link);
    return work(open(link));
  });
}

function runnerOf(
  path: string,
  file: FileSpan & { demuxer?: string },
  label: string,
  settings: AvcSettings,
  ffmpeg: Ffmpeg,
): VideoSource['run'] {
  const { url: input, protocols } = addressOf(path, file);
  const untrusted = untrustedInput(protocols, file.demuxer);
  return async (outputOptions, { seek = 0, limits } = {}) => {
    const inputOptions = seek > 0 ? [...untrusted, ...seekTo(seek)] : untrusted;
    const job = { ffmpeg: ffmpeg.path, inputOptions, input, outputOptions };
    const result = await runFfmpeg({ ...limitsOf(settings), ...job, ...limits });
    const fault = toolFault(ffmpeg.path, result, input);
    if (fault) throw fault;
    const stderr = await aboutPictures(ffmpeg.path, result.stderr);
    if (result.failure) throw videoError({ ...result, stderr }, label, input);
    return { bytes: result.output, said: oneLine(readable(stderr, label, input)) };
  };
}

/** Limits of time, memory and output for one document. */
function limitsOf({ width, height, frames, timeoutSeconds, memoryMb }: AvcSettings) {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const maxOutputBytes = (frames + 1) * macroblocks * MAX_BYTES_A_MACROBLOCK;
  return { timeoutSeconds, cpuSeconds: timeoutSeconds + 1, memoryMb, maxOutputBytes };
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
