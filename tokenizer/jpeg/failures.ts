/** What sharp throws, as errors of ours that name the file and say what to do. */
import { CodecLmError, type ErrorCode, messageOf } from '../../schemas/error.ts';

interface Rule {
  pattern: RegExp;
  code: ErrorCode;
  what: string;
  hint?: string;
}

/** The first that matches the message of sharp. */
const RULES: readonly Rule[] = [
  {
    pattern: /^timeout|took longer than/i,
    code: 'IMAGE_TIMEOUT',
    what: 'took too long',
    hint: 'raise --timeout-seconds if the file is to be trusted',
  },
  {
    pattern: /maximum supported/i,
    code: 'IMAGE_TOO_LARGE',
    what: 'is too large for its format',
  },
  {
    pattern: /exceeds (the )?(pixel|channel|\d+x\d+ pixel) limit|will exceed|too (large|big)/i,
    code: 'IMAGE_TOO_LARGE',
    what: 'is too large',
    hint: 'raise --max-pixels if the file is to be trusted',
  },
  {
    pattern: /unsupported image format/i,
    code: 'IMAGE_UNSUPPORTED',
    what: 'is not an image of a known format',
  },
];

const CORRUPT: Omit<Rule, 'pattern'> = {
  code: 'IMAGE_CORRUPT',
  what: 'is damaged',
  hint: 'with --fail-on truncated, damage that a decoder only warns of is let through',
};

/**
 * @param label the file's name
 * @returns an `IMAGE_*` error; errors of ours pass unchanged
 */
export function imageError(error: unknown, label: string): CodecLmError {
  if (error instanceof CodecLmError) return error;
  const message = oneLine(messageOf(error));
  const { code, what, hint } = RULES.find(({ pattern }) => pattern.test(message)) ?? CORRUPT;
  return new CodecLmError(code, `${label} ${what}: ${message}`, {
    cause: error,
    path: label,
    hint,
  });
}

/** libvips writes a line for each thing that went wrong, and may write hundreds. */
function oneLine(message: string): string {
  const line = message.split('\n').filter(Boolean).slice(0, 3).join('; ');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
