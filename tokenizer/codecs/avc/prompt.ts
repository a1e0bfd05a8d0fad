/** Where to cut a clip so that a model can go on from there. */
import { CodecLmError } from '../../../base/error.ts';
import { parseAvcDocument } from './document.ts';

/**
 * The beginning of a document: its first `frames` frames. Parameter sets that come
 * before an IDR belong to the frame after them, so with 0 frames nothing is left.
 * @param bytes a canonical document
 * @returns a view of `bytes`, not a copy
 * @throws CodecLmError `USAGE` when there are not so many frames, `AVC_INVALID` when it is no document
 */
export function cutAfterFrames(bytes: Uint8Array, frames: number): Uint8Array {
  const document = parseAvcDocument(bytes);
  if (!Number.isInteger(frames) || frames < 0 || frames > document.frames.length) {
    throw new CodecLmError(
      'USAGE',
      `cannot keep ${frames} frames of a clip of ${document.frames.length}`,
    );
  }
  return bytes.subarray(0, frames === 0 ? 0 : document.frames[frames - 1].end);
}
