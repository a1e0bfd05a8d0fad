/** Checks the first bytes of a file before ffmpeg gets it. */
import { open } from 'node:fs/promises';
import { CodecLmError, messageOf } from '../../../../base/error.ts';
import type { FileSpan } from '../../codec.ts';
import { beginsLikeJpeg, FIRST_FRAME_BYTES, isJpegStream } from './jpeg-stream.ts';

/** Enough to see whether a file is text. */
const HEAD_BYTES = 1024;

/** The one video format whose header is text. */
const YUV4MPEG = 'YUV4MPEG2 ';

/** A file name that marks a JPEG stream: then a single frame is a video too. */
const JPEG_STREAM_NAME = /\.mjpe?g$/i;

/** What the first bytes say. */
export interface Head {
  /** The demuxer to name to ffmpeg, when ffmpeg would choose another one. */
  demuxer?: string;
  /** Whether the format has an index of its key frames, by which any time is found exactly. */
  hasIndex: boolean;
}

/**
 * Refuses files that name other files to be opened. Playlists, lists of files, session descriptions
 * and manifests are text; videos are not.
 * @throws CodecLmError `VIDEO_EMPTY`, `VIDEO_UNREADABLE`, `VIDEO_UNSUPPORTED`
 */
export async function checkHead(file: FileSpan, label: string): Promise<Head> {
  if (file.size === 0) {
    throw new CodecLmError('VIDEO_EMPTY', `${label} is empty: 0 bytes`, { path: label });
  }
  const head = await readHead(file, label, HEAD_BYTES);
  if (beginsLikeJpeg(head)) {
    const isStream =
      JPEG_STREAM_NAME.test(label) || isJpegStream(await readHead(file, label, FIRST_FRAME_BYTES));
    return { demuxer: isStream ? 'mjpeg' : undefined, hasIndex: false };
  }
  if (!isText(head) || head.toString('latin1').startsWith(YUV4MPEG)) {
    return { hasIndex: isMov(head) || isMatroska(head) };
  }
  const start = JSON.stringify(head.toString('utf8', 0, 24));
  throw new CodecLmError('VIDEO_UNSUPPORTED', `${label} is text and no video: ${start} …`, {
    path: label,
    hint: 'playlists are not followed: name the videos themselves',
  });
}

async function readHead(
  { path, offset, size }: FileSpan,
  label: string,
  most: number,
): Promise<Buffer> {
  const head = Buffer.alloc(Math.min(most, size));
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

/** Boxes that a file of the MP4 and QuickTime family begins with (ISO/IEC 14496-12, 4.2). */
const FIRST_BOXES = new Set(['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot']);

function isMov(head: Buffer): boolean {
  return FIRST_BOXES.has(head.toString('latin1', 4, 8));
}

/** Matroska and WebM are EBML documents (RFC 8794, section 11.2.1). */
function isMatroska(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === 0x1a45dfa3;
}

/** Whether there are no control characters except white space; the zeros of UTF-16 are ignored. */
function isText(head: Buffer): boolean {
  const mark = head.length > 3 ? head.readUInt16BE(0) : 0;
  const isWide = mark === 0xfeff || mark === 0xfffe;
  return head.every(
    (byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13 || (isWide && byte === 0),
  );
}
