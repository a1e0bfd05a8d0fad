/** Cuts a clip where a model can continue it. */
import { CodecLmError } from '../../../base/error.ts';
import { parseAvcDocument } from './document.ts';

/**
 * The beginning of a document: its first `frames` frames. Parameter sets before an IDR picture
 * belong to the frame after them, so with 0 frames the result is empty.
 * @param bytes a canonical document
 * @returns a view of `bytes`, not a copy
 * @throws CodecLmError `USAGE` when there are not so many frames, `AVC_INVALID` when it is not a
 * document
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
