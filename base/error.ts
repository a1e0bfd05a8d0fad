/**
 * The one error class of the project. A code is stable: scripts, failure files
 * and tests match on it; the message is for people and may change.
 */

/** Every code, with the exit status that a command line ends with when it is fatal. */
export const ERROR_CODES = {
  // wrong usage or configuration: nothing was done
  USAGE: 2,
  CONFIG_INVALID: 2,
  INPUT_NOT_FOUND: 2,
  INPUT_EMPTY: 2,
  OUTPUT_UNWRITABLE: 2,
  OUTPUT_IN_USE: 2,
  DATASET_MISMATCH: 2,
  DATASET_INCOMPLETE: 2,
  MEMORY_LIMIT: 2,
  TOOL_MISSING: 2,
  // one input of many
  IMAGE_EMPTY: 1,
  IMAGE_UNREADABLE: 1,
  IMAGE_UNSUPPORTED: 1,
  IMAGE_CORRUPT: 1,
  IMAGE_TOO_LARGE: 1,
  IMAGE_TIMEOUT: 1,
  VIDEO_EMPTY: 1,
  VIDEO_UNREADABLE: 1,
  VIDEO_UNSUPPORTED: 1,
  VIDEO_NO_PICTURES: 1,
  VIDEO_TOO_SHORT: 1,
  VIDEO_CORRUPT: 1,
  VIDEO_TOO_LARGE: 1,
  VIDEO_TIMEOUT: 1,
  // a file of ours, or of a peer, that is not what it should be
  JPEG_INVALID: 1,
  AVC_INVALID: 1,
  TOKENIZER_INVALID: 1,
  TOKEN_INVALID: 1,
  SHARD_INVALID: 1,
  DATASET_INVALID: 1,
  CHECKPOINT_INVALID: 1,
  // the machine
  DISK_FULL: 1,
  IO_FAILED: 1,
  BACKEND_UNAVAILABLE: 1,
  MPI_UNAVAILABLE: 1,
  RANK_FAILED: 1,
  TOO_MANY_FAILURES: 1,
  NOT_FINITE: 1,
  INTERRUPTED: 130,
  INTERNAL: 1,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What caused it: the error of a library or of the system. */
  cause?: unknown;
  /** The file the work was done on. */
  path?: string;
  /** What the person can do about it, as one sentence. */
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

  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}

/** The system's own error code (`ENOENT`, `ENOSPC` …), if the thrown value has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Some libraries throw strings; everything that is caught passes through here before it is shown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As {@link messageOf}, less the system's own words for what it was asked and on which path. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return systemCode(error) ? message.replace(/, \w+(?: '.*')?$/s, '') : message;
}

/** A file-system error as one of ours: says what was being done and on which file. */
export function fileError(error: unknown, doing: string, path: string): CodecLmError {
  if (error instanceof CodecLmError) return error;
  const system = systemCode(error);
  const details = { cause: error, path };
  switch (system) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new CodecLmError(
        'INPUT_NOT_FOUND',
        `${doing} ${path}: no such file or folder`,
        details,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new CodecLmError('OUTPUT_UNWRITABLE', `${doing} ${path}: not allowed (${system})`, {
        ...details,
        hint: 'check the permissions of the file and its folder',
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new CodecLmError('DISK_FULL', `${doing} ${path}: no space left on the device`, {
        ...details,
        hint: 'free some space and run the same command again; finished parts are kept',
      });
    default:
      return new CodecLmError('IO_FAILED', `${doing} ${path}: ${messageOf(error)}`, details);
  }
}
