/** What sharp throws, as errors of ours that name the file and say what to do. */
import { CodecLmError, type ErrorCode, messageOf } from '../../../base/error.ts';

interface Rule {
  pattern: RegExp;
  code: ErrorCode;
  what: string;
  hint?: string;
}

/**
 * The first that matches the message. Only messages that sharp itself throws may
 * stand here: libvips gathers its own in one buffer for the whole process, so they
 * may be about another image that failed at the same moment.
 */
const RULES: readonly Rule[] = [
  {
    pattern: /^Input image exceeds (pixel|channel) limit$/,
    code: 'IMAGE_TOO_LARGE',
    what: 'is too large',
    hint: 'raise --max-pixels if the file is to be trusted',
  },
  {
    pattern: /^Input SVG image exceeds/,
    code: 'IMAGE_TOO_LARGE',
    what: 'is too large for its format',
  },
  {
    pattern: /^Input buffer contains unsupported image format$/,
    code: 'IMAGE_UNSUPPORTED',
    what: 'is not an image of a known format',
  },
];

const TIMEOUT: Omit<Rule, 'pattern'> = {
  code: 'IMAGE_TIMEOUT',
  what: 'took too long',
  hint: 'raise --timeout-seconds if the file is to be trusted',
};

const CORRUPT: Omit<Rule, 'pattern'> = {
  code: 'IMAGE_CORRUPT',
  what: 'is damaged',
  hint: 'with --fail-on truncated, damage that a decoder only warns of is let through',
};

/**
 * @param label the file's name
 * @param isOverdue whether the time limit has passed; without that a message about a
 * timeout speaks of another image
 * @returns an `IMAGE_*` error; errors of ours pass unchanged
 */
export function imageError(error: unknown, label: string, isOverdue = false): CodecLmError {
  if (error instanceof CodecLmError) return error;
  const message = oneLine(messageOf(error));
  const { code, what, hint } = classify(message, isOverdue);
  return new CodecLmError(code, `${label} ${what}: ${message}`, {
    cause: error,
    path: label,
    hint,
  });
}

function classify(message: string, isOverdue: boolean): Omit<Rule, 'pattern'> {
  if (isOverdue && (message === '' || message.includes('timeout:'))) return TIMEOUT;
  return RULES.find(({ pattern }) => pattern.test(message)) ?? CORRUPT;
}

/** libvips writes a line for each thing that went wrong, and may write hundreds. */
function oneLine(message: string): string {
  const line = message.split('\n').filter(Boolean).slice(0, 3).join('; ');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
