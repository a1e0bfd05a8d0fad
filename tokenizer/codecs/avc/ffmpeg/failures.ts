/**
 * Turns what ffmpeg reports about a file that it cannot use into CodecLmErrors that name the file.
 */
import { CodecLmError, type ErrorCode } from '../../../../base/error.ts';
import type { FfmpegResult } from './ffmpeg.ts';

interface Rule {
  pattern: RegExp;
  code: ErrorCode;
  what: string;
  hint?: string;
}

const TIMEOUT: Omit<Rule, 'pattern'> = {
  code: 'VIDEO_TIMEOUT',
  what: 'took too long',
  hint: 'raise `timeoutSeconds` if the file is to be trusted',
};

const TOO_LARGE: Omit<Rule, 'pattern'> = {
  code: 'VIDEO_TOO_LARGE',
  what: 'needs too much memory',
  hint: 'raise `memoryMb` if the file is to be trusted',
};

const CORRUPT: Omit<Rule, 'pattern'> = { code: 'VIDEO_CORRUPT', what: 'is damaged' };

/** The first rule that matches the way the process ended applies. */
const ENDINGS: readonly Rule[] = [
  { pattern: /killed with signal SIGXCPU/, ...TIMEOUT },
  { pattern: /killed with signal SIGKILL/, ...TOO_LARGE },
];

/** The first rule that matches stderr applies. */
const RULES: readonly Rule[] = [
  { pattern: /Cannot allocate memory|malloc of size/, ...TOO_LARGE },
  {
    pattern: /Input\/output error|Permission denied/,
    code: 'VIDEO_UNREADABLE',
    what: 'cannot be read',
  },
  {
    pattern: /not on the whitelist/,
    code: 'VIDEO_UNSUPPORTED',
    what: 'is not a video of a format that stands alone in one file',
  },
  {
    pattern: /does not contain any stream|matches no streams/,
    code: 'VIDEO_NO_PICTURES',
    what: 'has no video stream',
  },
  {
    pattern: /Rescaled dimensions \S+ are invalid|for parameter 'dst[hw]' out of range/,
    code: 'VIDEO_UNSUPPORTED',
    what: 'is too narrow or too flat: one side would be scaled to 0 pixels',
  },
  {
    pattern: /Decoder .*not found|Unknown (decoder|codec)|codec not currently supported/i,
    code: 'VIDEO_UNSUPPORTED',
    what: 'is coded in a way that this ffmpeg does not know',
  },
  // ffmpeg prints nothing else when no demuxer recognizes the bytes.
  {
    pattern: /^[^\n]*: Invalid data found when processing input\s*$/,
    code: 'VIDEO_UNSUPPORTED',
    what: 'is not a video of a known format',
  },
];

/** @returns a `VIDEO_*` error for a process that did not end well */
export function videoError(result: FfmpegResult, label: string, input: string): CodecLmError {
  const said = readable(result.stderr, label, input);
  const message = result.failure?.message ?? '';
  const { code, what, hint } = classify(result, said, message);
  return new CodecLmError(code, `${label} ${what}: ${oneLine(said) || message}`, {
    cause: result.stderr,
    path: label,
    hint,
  });
}

function classify({ failure }: FfmpegResult, said: string, message: string): Omit<Rule, 'pattern'> {
  if (failure?.reason === 'timeout') return TIMEOUT;
  if (failure?.reason === 'too large') return { code: 'VIDEO_TOO_LARGE', what: 'does not end' };
  const ending = ENDINGS.find(({ pattern }) => pattern.test(message));
  return ending ?? RULES.find(({ pattern }) => pattern.test(said)) ?? CORRUPT;
}

/**
 * stderr without parts that differ from run to run (addresses, the place of the input) and without
 * our list of protocols.
 */
export function readable(stderr: string, label: string, input: string): string {
  return stderr
    .replaceAll(/ @ 0x[0-9a-f]+/g, '')
    .replaceAll(input, label)
    .replaceAll(/ whitelist '[^']*'/g, ' the whitelist')
    .trim();
}

/** The first lines in one line; a damaged file gives hundreds. */
export function oneLine(text: string): string {
  const line = text.split('\n').filter(Boolean).slice(0, 4).join('; ');
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}
