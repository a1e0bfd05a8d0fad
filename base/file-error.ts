/**
 * Turns errors of the file system into CodecLmErrors: one function for reading, one for writing.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodecLmError, type ErrorCode, messageOf, reasonOf, systemCode } from './error.ts';

interface Meaning {
  code: ErrorCode;
  found: string;
  hint?: string;
}

/** Errors of the machine, the same for reading and writing. */
const MACHINE: Record<string, Meaning> = {
  EMFILE: {
    code: 'IO_FAILED',
    found: 'this process has too many files open (EMFILE)',
    hint: 'raise the limit (`ulimit -n`) or use fewer workers',
  },
  ENFILE: {
    code: 'IO_FAILED',
    found: 'the whole machine has too many files open (ENFILE)',
    hint: 'end other programs, or raise fs.file-max',
  },
  ENOMEM: { code: 'IO_FAILED', found: 'the system is out of memory (ENOMEM)' },
  EIO: {
    code: 'IO_FAILED',
    found: 'the device failed (EIO)',
    hint: 'the disk or the network share may be broken; the log of the system says more',
  },
  ESTALE: {
    code: 'IO_FAILED',
    found: 'the network share has changed below it (ESTALE)',
    hint: 'mount it again and run the same command again',
  },
};

const READING: Record<string, Meaning> = {
  ENOENT: { code: 'INPUT_NOT_FOUND', found: 'no such file or folder' },
  ENOTDIR: {
    code: 'INPUT_NOT_FOUND',
    found: 'no such file or folder: a part of the path is a file, not a folder',
  },
  ENAMETOOLONG: {
    code: 'INPUT_NOT_FOUND',
    found: 'no such file or folder: no name can be that long',
  },
  ELOOP: { code: 'INPUT_UNREADABLE', found: 'its links lead in a circle (ELOOP)' },
  EISDIR: { code: 'INPUT_UNREADABLE', found: 'it is a folder, not a file' },
  EACCES: {
    code: 'INPUT_UNREADABLE',
    found: 'it may not be read (EACCES)',
    hint: 'check the permissions of the file and of every folder above it',
  },
  EPERM: {
    code: 'INPUT_UNREADABLE',
    found: 'it may not be read (EPERM)',
    hint: 'check the permissions of the file and of every folder above it',
  },
};

const PERMISSIONS = 'check the permissions of the file and its folder';

const WRITING: Record<string, Meaning> = {
  EACCES: { code: 'OUTPUT_UNWRITABLE', found: 'not allowed (EACCES)', hint: PERMISSIONS },
  EPERM: { code: 'OUTPUT_UNWRITABLE', found: 'not allowed (EPERM)', hint: PERMISSIONS },
  EROFS: {
    code: 'OUTPUT_UNWRITABLE',
    found: 'the file system may only be read (EROFS)',
    hint: 'name a place on another file system, or mount this one for writing',
  },
  ENOTDIR: {
    code: 'OUTPUT_UNWRITABLE',
    found: 'no folder can be made there: a part of the path is a file (ENOTDIR)',
    hint: 'name a folder that does not exist yet below one that does',
  },
  EEXIST: { code: 'OUTPUT_UNWRITABLE', found: 'a file of that name is in the way (EEXIST)' },
  EISDIR: { code: 'OUTPUT_UNWRITABLE', found: 'a folder of that name is in the way (EISDIR)' },
  ENOTEMPTY: {
    code: 'OUTPUT_UNWRITABLE',
    found: 'a folder of that name is in the way, and it is not empty (ENOTEMPTY)',
  },
  ENAMETOOLONG: {
    code: 'OUTPUT_UNWRITABLE',
    found: 'the name is too long for the file system (ENAMETOOLONG)',
    hint: 'use a shorter path',
  },
  ELOOP: {
    code: 'OUTPUT_UNWRITABLE',
    found: 'links on the path lead in a circle (ELOOP)',
  },
  ETXTBSY: { code: 'OUTPUT_UNWRITABLE', found: 'it is a program that runs (ETXTBSY)' },
  ENOSPC: {
    code: 'DISK_FULL',
    found: 'no space left on the device',
    hint: 'free some space and run the same command again; finished parts are kept',
  },
  EDQUOT: {
    code: 'DISK_FULL',
    found: 'the quota on this disk is used up',
    hint: 'free some of it and run the same command again; finished parts are kept',
  },
  EFBIG: {
    code: 'IO_FAILED',
    found: 'larger than a file may be there (EFBIG)',
    hint: 'raise the limit (`ulimit -f`), or use another file system',
  },
};

/**
 * Makes a CodecLmError from an error while reading; a CodecLmError is returned as it is.
 * @param doing the work that failed, as in `reading the prompt`
 * @returns `INPUT_NOT_FOUND`, `INPUT_UNREADABLE` or `IO_FAILED`
 */
export function readError(error: unknown, path: string, doing = 'reading'): CodecLmError {
  return asOurs(error, path, doing, READING);
}

/**
 * Makes a CodecLmError from an error while writing; a CodecLmError is returned as it is.
 * @param doing the work that failed, as in `writing the page`
 * @returns `OUTPUT_UNWRITABLE`, `DISK_FULL` or `IO_FAILED`
 */
export function writeError(error: unknown, path: string, doing = 'writing'): CodecLmError {
  return asOurs(error, path, doing, { ...WRITING, ENOENT: missingFolder(path) });
}

/**
 * ENOENT does not say whether a folder is missing or whether none can be made there (as in /proc).
 */
function missingFolder(path: string): Meaning {
  const folder = dirname(path);
  const found = existsSync(folder)
    ? 'no file or folder can be made there (ENOENT)'
    : `the folder ${folder} is missing`;
  return {
    code: 'OUTPUT_UNWRITABLE',
    found,
    hint: 'name a place in a folder that exists',
  };
}

function asOurs(
  error: unknown,
  path: string,
  doing: string,
  meanings: Record<string, Meaning>,
): CodecLmError {
  if (error instanceof CodecLmError) return error;
  const system = systemCode(error) ?? '';
  const meaning = meanings[system] ?? MACHINE[system];
  if (!meaning) {
    const reason = system ? reasonOf(error) : messageOf(error);
    return new CodecLmError('IO_FAILED', `${doing} ${path}: ${reason}`, { cause: error, path });
  }
  const { code, found, hint } = meaning;
  return new CodecLmError(code, `${doing} ${path}: ${found}`, { cause: error, path, hint });
}
