/** Reads the bytes of one input, from its file or from inside its archive. */

import { close, constants, fstat, open, read } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CodecLmError, type ErrorCode, reasonOf, systemCode } from '../../base/error.ts';
import { isRemote, storageAt } from '../../base/storage/index.ts';
import type { FileSpan } from '../../tokenizer/index.ts';
import { type ByteString, bytesOf, escapePath, isFar, textPlace } from '../plan/byte-strings.ts';
import { takeBuffer } from './buffers.ts';
import { readFar } from './read-far.ts';
import { type Input, labelOf, type Member, sourceFileOf } from './source.ts';
import { isHeaderOf, TAR_BLOCK } from './tar/header.ts';
import { readByHeaders } from './tar/read-by-headers.ts';

/**
 * Largest input in bytes. No image needs more, and a larger file would take the memory of all
 * others.
 */
const MAX_INPUT_BYTES = 1 << 30;

/** With this flag, opening a named pipe does not wait for a writer; it does not affect files. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Plain descriptors: Node's file handles take a tenth of a millisecond more per input. */
const files = {
  open: promisify(open),
  stat: promisify(fstat),
  read: promisify(read),
  close: promisify(close),
};

/**
 * System errors of the machine, not of the input: if the run continued, every input would fail.
 */
const FATAL = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Error codes for an input that cannot be read, and for one that is too large for memory. */
export interface InputCodes {
  unreadable: ErrorCode;
  tooLarge: ErrorCode;
}

/**
 * @returns the content; return its memory by `giveBuffer`
 * @throws CodecLmError with one of these codes when the input cannot be read; `INPUT_NOT_FOUND`
 * when the whole source is gone (for example a network disk), which is not the input's fault
 */
export async function readInput(
  bases: readonly ByteString[],
  input: Input,
  codes: InputCodes,
): Promise<Buffer> {
  return blaming(bases, input, codes.unreadable, (label) =>
    readFrom(sourceFileOf(bases, input), input, label, codes.tooLarge),
  );
}

/**
 * Finds the place of an input, for a codec that reads it itself.
 * @throws CodecLmError like {@link readInput}, with the given code for an unreadable input
 */
export async function findInput(
  bases: readonly ByteString[],
  input: Input,
  unreadable: ErrorCode,
): Promise<FileSpan> {
  return blaming(bases, input, unreadable, async () => {
    const file = sourceFileOf(bases, input);
    const path = bytesOf(file);
    if (isRemote(file)) return findFar(path, input);
    const found = await stat(path);
    if (!found.isFile()) throw new Error('not a file');
    const { offset, size } = input.member ?? { offset: 0, size: found.size };
    if (offset + size > found.size)
      throw new Error(`cut off: ${found.size - offset} of ${size} bytes`);
    if (input.member) await checkMember(path, input.member);
    return { path, offset, size, isMember: input.member !== undefined };
  });
}

async function findFar(path: Buffer, { member }: Input): Promise<FileSpan> {
  const place = path.toString('utf8');
  const { offset, size } = member ?? {
    offset: 0,
    size: (await storageAt(place).find(place))?.size,
  };
  if (size === undefined) throw new Error('no such object');
  return { path, offset, size, isMember: member !== undefined };
}

async function checkMember(path: Buffer, member: Member): Promise<void> {
  const file = await files.open(path, OPEN_FLAGS);
  try {
    checkHeader(member, await readExactly(file, member.offset - TAR_BLOCK, TAR_BLOCK));
  } finally {
    await files.close(file);
  }
}

/** Runs `work` and attributes its error to the input, its source, or the machine. */
async function blaming<T>(
  bases: readonly ByteString[],
  input: Input,
  unreadable: ErrorCode,
  work: (label: string) => Promise<T>,
): Promise<T> {
  const label = labelOf(bases, input);
  try {
    return await work(label);
  } catch (error) {
    if (error instanceof CodecLmError && !isOfObject(error)) throw error;
    // A file that is itself the source fails like any other input.
    if (input.path !== '' || input.member) await checkSource(bases[input.source]);
    const code = FATAL.has(systemCode(error) ?? '') ? 'IO_FAILED' : unreadable;
    throw new CodecLmError(code, `reading ${label}: ${reasonOf(error)}`, {
      cause: error,
      path: label,
    });
  }
}

/** Whether object storage blames the object, not itself: it is gone, or may not be read. */
function isOfObject({ code }: CodecLmError): boolean {
  return code === 'INPUT_NOT_FOUND' || code === 'INPUT_UNREADABLE';
}

async function readFrom(
  path: ByteString,
  input: Input,
  label: string,
  tooLarge: ErrorCode,
): Promise<Buffer> {
  if (isFar(path)) return readFar(path, input, label, { limit: MAX_INPUT_BYTES, tooLarge });
  const file = await files.open(bytesOf(path), OPEN_FLAGS);
  try {
    const found = await files.stat(file);
    if (!found.isFile()) throw new Error('not a file');
    const size = input.member?.size ?? found.size;
    if (size > MAX_INPUT_BYTES) {
      throw new CodecLmError(tooLarge, `reading ${label}: ${size} bytes`, { path: label });
    }
    if (input.member?.headersAt !== undefined) {
      return await readByHeaders(path, input.member, input.member.headersAt);
    }
    return await (input.member ? readMember(file, input.member) : readExactly(file, 0, size));
  } finally {
    await files.close(file);
  }
}

/**
 * Reads a member with the header before it, which shows whether the archive is still the planned
 * one.
 */
async function readMember(file: number, member: Member): Promise<Buffer> {
  const { offset, size } = member;
  const block = await readExactly(file, offset - TAR_BLOCK, TAR_BLOCK + size);
  checkHeader(member, block);
  return block.subarray(TAR_BLOCK);
}

function checkHeader(member: Member, header: Buffer): void {
  if (isHeaderOf(member.size, header.subarray(0, TAR_BLOCK))) return;
  throw new Error(
    `the archive was changed since it was planned: no file of ${member.size} bytes at byte ${member.offset}`,
  );
}

async function readExactly(file: number, start: number, size: number): Promise<Buffer> {
  const buffer = takeBuffer(size);
  for (let filled = 0; filled < size; ) {
    const { bytesRead } = await files.read(file, buffer, filled, size - filled, start + filled);
    if (bytesRead === 0) throw new Error(`cut off: ${filled} of ${size} bytes`);
    filled += bytesRead;
  }
  return buffer;
}

async function checkSource(base: ByteString): Promise<void> {
  try {
    if (isRemote(base)) {
      const place = textPlace(base);
      if (!(await storageAt(place).find(place))) throw new Error('nothing is there any more');
    } else await stat(bytesOf(base));
  } catch (error) {
    const path = escapePath(base);
    throw new CodecLmError('INPUT_NOT_FOUND', `the source ${path} has vanished`, {
      cause: error,
      path,
      hint: 'bring it back and run the same command again; finished partitions are kept',
    });
  }
}
