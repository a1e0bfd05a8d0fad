/** The frames of any video as PNG files, none dropped and none doubled. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../../../base/error.ts';
import { untrustedInput } from './command.ts';
import { runFfmpeg } from './ffmpeg.ts';
import { findFfmpeg } from './find.ts';
import { stoppedFault, toolFault } from './tool-fault.ts';

/** Generous: files of other people may be long. */
const LIMITS = { timeoutSeconds: 600, cpuSeconds: 600, memoryMb: 4096 };

/**
 * Writes `000000.png`, `000001.png` … into a folder that exists.
 * @returns the number of frames
 * @throws CodecLmError `VIDEO_UNSUPPORTED` that names the file; `TOOL_MISSING`, `TOOL_FAILED`
 */
export async function writePngFrames(file: string, folder: string): Promise<number> {
  const { path, frameSync } = await findFfmpeg();
  const job = {
    ...LIMITS,
    ffmpeg: path,
    inputOptions: untrustedInput(['file']),
    input: file,
    outputOptions: [
      ...[frameSync, 'passthrough', '-map', '0:V:0', '-pix_fmt', 'rgb24'],
      ...['-start_number', '0', '-f', 'image2'],
    ],
    // A percent sign of the folder's own is not a number to be filled in.
    outputFile: join(folder.replaceAll('%', '%%'), '%06d.png'),
  };
  const result = await runFfmpeg(job);
  const fault = toolFault(path, result, file) ?? stoppedFault(path, result);
  if (fault) throw fault;
  const frames = (await readdir(folder)).length;
  if (!result.failure && frames > 0) return frames;
  const why = result.stderr.split('\n')[0] || result.failure?.message || 'it has no frames';
  throw new CodecLmError('VIDEO_UNSUPPORTED', `${file}: ${why}`, { path: file });
}
