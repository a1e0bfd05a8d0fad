/** Reads inputs over a network: from object storage, whole or as a member of an archive, or by https. */
import { CodecLmError, type ErrorCode } from '../../base/error.ts';
import { readWeb } from '../../base/storage/http/read.ts';
import { isRemote, storageAt } from '../../base/storage/index.ts';
import { type ByteString, textPlace } from '../plan/byte-strings.ts';
import { takeBuffer } from './buffers.ts';
import type { Input, Member } from './source.ts';
import { isHeaderOf, TAR_BLOCK } from './tar/header.ts';
import { readByHeaders } from './tar/read-by-headers.ts';

/** Time for one file of a web server, in milliseconds: all redirects and retries together. */
const WEB_TIMEOUT_MS = 60_000;

/** Most inputs from the web have some megabytes; larger ones would hold up all others. */
const WEB_LIMIT = 256 * 2 ** 20;

export interface FarLimits {
  /** Most bytes of an input, and the code of the error for a larger one. */
  limit: number;
  tooLarge: ErrorCode;
}

/**
 * @param path of the object, or of the archive that holds the input
 * @returns the content; return its memory by `giveBuffer`
 * @throws CodecLmError with the codes of the storage; Error when the archive was changed
 */
export async function readFar(
  path: ByteString,
  { member }: Input,
  label: string,
  { limit, tooLarge }: FarLimits,
): Promise<Buffer> {
  const place = textPlace(path);
  if (member && member.size > limit) throw oversized(tooLarge, label, `${member.size} bytes`);
  if (member?.headersAt !== undefined) return readByHeaders(path, member, member.headersAt);
  if (member) return readMember(place, member);
  if (isRemote(place)) {
    return storageAt(place).read(place, { limit, code: tooLarge, allocate: takeBuffer });
  }
  return readWeb(place, { limit: Math.min(limit, WEB_LIMIT), timeoutMs: WEB_TIMEOUT_MS, tooLarge });
}

/** The header before the member shows whether the archive is the planned one. */
async function readMember(place: string, member: Member): Promise<Buffer> {
  const { offset, size } = member;
  const storage = storageAt(place);
  // Caches on the way may give old bytes once; the second answer is believed.
  for (let tries = 0; tries < 2; tries++) {
    const start = offset - TAR_BLOCK;
    const block = await storage.readRange(
      place,
      start,
      TAR_BLOCK + size,
      takeBuffer(TAR_BLOCK + size),
    );
    if (isHeaderOf(size, block.subarray(0, TAR_BLOCK))) return block.subarray(TAR_BLOCK);
  }
  throw new Error(
    `the archive was changed since it was planned: no file of ${size} bytes at byte ${offset}`,
  );
}

function oversized(code: ErrorCode, label: string, found: string): CodecLmError {
  return new CodecLmError(code, `reading ${label}: ${found}`, { path: label });
}
