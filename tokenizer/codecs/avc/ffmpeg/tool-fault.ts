/**
 * Recognizes failures of ffmpeg itself, or of the way it was called; no file and no document caused
 * them.
 */
import { CodecLmError, type ErrorCode } from '../../../../base/error.ts';
import type { FfmpegResult } from './ffmpeg.ts';

/**
 * Exit codes of `env`, `setpriv`, `prlimit`, the shell and the dynamic loader when there is no
 * program to run.
 */
const NOT_RUN = new Set([126, 127]);

/**
 * Messages of ffmpeg 4.1 to 9.0 about options, filters and encoders that they do not know or cannot
 * set up.
 */
const REFUSALS = [
  /Unrecognized option|Option not found|Error splitting the argument list/,
  /Unknown encoder|Encoder not found|No such filter|Filter not found|itstream filter not found/,
  /Unknown bitstream filter|Requested output format/,
  /Error while opening encoder|Error setting (?:profile|preset)|\[libx264[^\]]*\] bad (?:option|value)/,
];

/**
 * x264 may run out of the memory that the limits allow while it opens: that depends on the settings
 * and the file.
 */
const NO_MEMORY = /Cannot allocate memory|malloc of size|malloc failed/;

/**
 * @param input the input on ffmpeg's command line, because its name may look like an error
 * @returns `TOOL_MISSING` or `TOOL_FAILED`; undefined when the process succeeded, or when its input
 *   may be the cause
 */
export function toolFault(
  ffmpeg: string,
  { failure, stderr }: FfmpegResult,
  input: string,
): CodecLmError | undefined {
  if (failure?.reason !== 'exit') return undefined;
  const said = stderr.replaceAll(input, '');
  if (failure.exitCode !== undefined && NOT_RUN.has(failure.exitCode)) {
    const hint = 'install ffmpeg, or name one in CODEC_LM_FFMPEG; a low `memoryMb` does this too';
    return fault('TOOL_MISSING', `${ffmpeg} cannot be run`, said || failure.message, ffmpeg, hint);
  }
  if (NO_MEMORY.test(said)) return undefined;
  const line = said.split('\n').find((text) => REFUSALS.some((refusal) => refusal.test(text)));
  if (line === undefined) return undefined;
  const hint = 'try another ffmpeg in CODEC_LM_FFMPEG: 4.1 to 9.0 are known to work';
  return fault('TOOL_FAILED', `${ffmpeg} refuses its command line`, said, ffmpeg, hint);
}

/**
 * For work on a document of this project, which is small and has been checked: if the process is
 * stopped, the document is not the cause.
 */
export function stoppedFault(
  ffmpeg: string,
  { failure, stderr }: FfmpegResult,
): CodecLmError | undefined {
  if (!failure) return undefined;
  const isStopped = failure.reason !== 'exit' || /killed with signal/.test(failure.message);
  if (!isStopped && !NO_MEMORY.test(stderr)) return undefined;
  const why = failure.reason === 'timeout' ? 'took too long' : failure.message;
  return fault('TOOL_FAILED', `${ffmpeg} was stopped`, stderr || why, ffmpeg, undefined);
}

function fault(
  code: ErrorCode,
  what: string,
  said: string,
  path: string,
  hint: string | undefined,
): CodecLmError {
  const line = said
    .replaceAll(/ @ 0x[0-9a-f]+/g, '')
    .trim()
    .split('\n')
    .slice(0, 3)
    .join('; ');
  return new CodecLmError(code, `${what}: ${line}`, { path, hint });
}
