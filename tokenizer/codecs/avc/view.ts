/**
 * Converts between a document and a file that every player opens, and decodes it to pixels. Nothing
 * is encoded again.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../../base/error.ts';
import { writeError } from '../../../base/file-error.ts';
import { parseAvcDocument } from './document.ts';
import { documentInput, MP4_OPTIONS, rgbOptions, SAMPLES_OPTIONS } from './ffmpeg/command.ts';
import { type FfmpegJob, type FfmpegResult, runFfmpeg } from './ffmpeg/ffmpeg.ts';
import { findFfmpeg } from './ffmpeg/find.ts';
import { withFolder } from './ffmpeg/scratch.ts';
import { stoppedFault, toolFault } from './ffmpeg/tool-fault.ts';
import { evenFrames, readMp4Track } from './mp4.ts';
import { toAnnexB } from './nal.ts';

/** Frames of a clip as pixels. */
export interface RgbClip {
  width: number;
  height: number;
  /** One array per frame: [height, width, 3], 8 bits per sample. */
  frames: Uint8Array[];
}

/** Generous limits: a clip is small, but the machine may be busy. */
const LIMITS = { timeoutSeconds: 120, cpuSeconds: 120, memoryMb: 4096 };

/**
 * Puts a document into an MP4 file of exactly this rate. The file is checked to hold every frame,
 * because ffmpeg reports success even if it dropped some.
 * @param fps frames per second, as in the settings of the encoder
 * @throws CodecLmError `AVC_INVALID` when the bytes are not a document; `TOOL_MISSING`,
 * `TOOL_FAILED`
 */
export async function toMp4(bytes: Uint8Array, fps: number): Promise<Uint8Array> {
  const { frames } = parseAvcDocument(bytes);
  return withFolder(async (folder) => {
    const [input, outputFile] = [join(folder, 'clip.h264'), join(folder, 'clip.mp4')];
    await write(input, bytes);
    await convert({
      inputOptions: documentInput(fps),
      input,
      outputOptions: MP4_OPTIONS,
      outputFile,
    });
    const file = await readFile(outputFile);
    evenFrames(file, fps);
    const { samples, seconds } = readMp4Track(file);
    if (samples !== frames.length || Math.abs(seconds - samples / fps) > 1e-3) {
      const found = `${samples} frames in ${seconds} s`;
      throw new CodecLmError(
        'AVC_INVALID',
        `${found} came out of ${frames.length} at ${fps} per second`,
      );
    }
    return file;
  });
}

/**
 * Extracts the document from an MP4 file that {@link toMp4} made.
 * @throws CodecLmError `AVC_INVALID` when the file holds no document; `TOOL_MISSING`, `TOOL_FAILED`
 */
export async function fromMp4(file: Uint8Array): Promise<Uint8Array> {
  return withFolder(async (folder) => {
    const input = join(folder, 'clip.mp4');
    await write(input, file);
    const inputOptions = ['-hide_banner', '-loglevel', 'error', '-f', 'mp4'];
    const maxOutputBytes = file.length;
    const job = { inputOptions, input, outputOptions: SAMPLES_OPTIONS, maxOutputBytes };
    const { output } = await convert(job);
    const stream = toAnnexB(output);
    if (!stream) throw new CodecLmError('AVC_INVALID', 'the MP4 file holds no H.264 samples');
    parseAvcDocument(stream);
    return stream;
  });
}

/**
 * Decodes a document.
 * @throws CodecLmError `AVC_INVALID` when the bytes are not a document, or a frame cannot be
 *   decoded without an error; `TOOL_MISSING`, `TOOL_FAILED` when ffmpeg is the cause
 */
export async function framesOf(bytes: Uint8Array): Promise<RgbClip> {
  const { width, height, frames } = parseAvcDocument(bytes);
  const frameBytes = width * height * 3;
  return withFolder(async (folder) => {
    const input = join(folder, 'clip.h264');
    await write(input, bytes);
    const { output, stderr } = await convert({
      inputOptions: ['-threads', '1', ...documentInput(1)],
      input,
      outputOptions: rgbOptions(await findFfmpeg()),
      maxOutputBytes: frameBytes * (frames.length + 1),
    });
    if (output.length !== frameBytes * frames.length || stderr !== '') {
      const found = `${output.length / frameBytes} of ${frames.length} frames were decoded`;
      throw new CodecLmError(
        'AVC_INVALID',
        `${found}${stderr ? `: ${stderr.split('\n')[0]}` : ''}`,
      );
    }
    const at = (i: number) => output.subarray(i * frameBytes, (i + 1) * frameBytes);
    return { width, height, frames: frames.map((_, i) => at(i)) };
  });
}

type Conversion = Pick<
  FfmpegJob,
  'inputOptions' | 'input' | 'outputOptions' | 'outputFile' | 'maxOutputBytes'
>;

async function convert(job: Conversion): Promise<FfmpegResult> {
  const { path } = await findFfmpeg();
  const result = await runFfmpeg({ ...LIMITS, ...job, ffmpeg: path });
  const fault = toolFault(path, result, job.input) ?? stoppedFault(path, result);
  if (fault) throw fault;
  if (result.failure) {
    const why = result.stderr.split('\n')[0] || result.failure.message;
    throw new CodecLmError('AVC_INVALID', `ffmpeg cannot read the document: ${why}`);
  }
  return result;
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw writeError(error, path);
  }
}
