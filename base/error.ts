/**
 * The one error class of the project. A code is stable: scripts, failure files
 * and tests match on it; the message is for people and may change.
 */
import { constants } from 'node:os';
import { ERROR_CODES, type ErrorCode, type ErrorScope } from './error-codes.ts';

export type { ErrorCode, ErrorScope } from './error-codes.ts';

export interface ErrorDetails {
  /** The error of a library or of the system that caused this one. */
  cause?: unknown;
  /** The file that was being read or written. */
  path?: string;
  /** Advice for the user, as one sentence. */
  hint?: string;
}

/**
 * @example throw new CodecLmError('INPUT_NOT_FOUND', `no such folder: ${dir}`, { path: dir, hint: 'check the spelling' })
 */
export class CodecLmError extends Error {
  override readonly name = 'CodecLmError';
  readonly code: ErrorCode;
  readonly path?: string;
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.hint = details.hint;
  }

  /** The scope of the code in the table of codes. */
  get scope(): ErrorScope {
    return ERROR_CODES[this.code].scope;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exitCode;
  }
}

/**
 * Node takes error names from libuv's list; it has no name for errors that are not on it: `EDQUOT`,
 * `ESTALE` …
 */
const UNNAMED = /^Unknown system error -(\d+)$/;

/** The system's error code (`ENOENT`, `ENOSPC` …) of a thrown value; undefined if it has none. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string') return undefined;
  const number = Number(UNNAMED.exec(code)?.[1]);
  const named = Object.entries(constants.errno).find(([, errno]) => errno === number);
  return named?.[0] ?? code;
}

/**
 * The message of a thrown value. Some libraries throw strings, so every caught value passes through
 * here before it is shown.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Like {@link messageOf}, without the system's text about the call and the path. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return systemCode(error) ? message.replace(/, \w+(?: '.*')?$/s, '') : message;
}
