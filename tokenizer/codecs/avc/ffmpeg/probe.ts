/** What the first bytes of a file say, before ffmpeg is given it. */
import { open } from 'node:fs/promises';
import { CodecLmError, messageOf } from '../../../../base/error.ts';
import type { FileSpan } from '../../codec.ts';

/** Enough to see whether a file is text. */
const HEAD_BYTES = 1024;

/** The one video format whose header is text. */
const YUV4MPEG = 'YUV4MPEG2 ';

/**
 * Refuses what names other files to be opened. Playlists, lists of files, session
 * descriptions and manifests are all text, and no video is.
 * @throws CodecLmError `VIDEO_EMPTY`, `VIDEO_UNREADABLE`, `VIDEO_UNSUPPORTED`
 */
export async function checkHead(file: FileSpan, label: string): Promise<void> {
  if (file.size === 0) {
    throw new CodecLmError('VIDEO_EMPTY', `${label} is empty: 0 bytes`, { path: label });
  }
  const head = await readHead(file, label);
  if (!isText(head) || head.toString('latin1').startsWith(YUV4MPEG)) return;
  const start = JSON.stringify(head.toString('utf8', 0, 24));
  throw new CodecLmError('VIDEO_UNSUPPORTED', `${label} is text and no video: ${start} …`, {
    path: label,
    hint: 'playlists are not followed: name the videos themselves',
  });
}

async function readHead({ path, offset, size }: FileSpan, label: string): Promise<Buffer> {
  const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
  try {
    const handle = await open(path);
    try {
      const { bytesRead } = await handle.read(head, 0, head.length, offset);
      return head.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CodecLmError('VIDEO_UNREADABLE', `reading ${label}: ${messageOf(error)}`, {
      cause: error,
      path: label,
    });
  }
}

/** No control characters but white space; zeros of UTF-16 are looked through. */
function isText(head: Buffer): boolean {
  const mark = head.length > 3 ? head.readUInt16BE(0) : 0;
  const isWide = mark === 0xfeff || mark === 0xfffe;
  return head.every(
    (byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13 || (isWide && byte === 0),
  );
}
