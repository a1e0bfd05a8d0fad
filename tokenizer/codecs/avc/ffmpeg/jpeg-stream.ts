/**
 * Recognizes a camera's stream of concatenated JPEG files. By its first bytes ffmpeg would take it
 * for a single image, so the demuxer has to be named.
 */

/** Largest first frame; frames of cameras are far smaller. */
export const FIRST_FRAME_BYTES = 1 << 24;

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP2 = 0xe2;

/**
 * @param bytes the beginning of a file
 * @returns whether a JPEG file is followed by another one; false for a photograph with extra
 *   pictures in the multi-picture format (CIPA DC-007), which is a single image
 */
export function isJpegStream(bytes: Buffer): boolean {
  const end = endOfJpeg(bytes);
  if (end === undefined) return false;
  // Some cameras write padding between frames.
  let next = end;
  while (next < bytes.length && bytes[next] === 0) next++;
  return bytes[next] === 0xff && bytes[next + 1] === SOI && bytes[next + 2] === 0xff;
}

export function beginsLikeJpeg(bytes: Buffer): boolean {
  return bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;
}

/**
 * @returns the offset behind EOI; undefined when there is none, or for a photograph with several
 * pictures
 */
function endOfJpeg(bytes: Buffer): number | undefined {
  if (!beginsLikeJpeg(bytes)) return undefined;
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === EOI) return at + 2;
    // Fill bytes, and markers without a length.
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else if (marker === APP2 && bytes.toString('latin1', at + 4, at + 8) === 'MPF\0') {
      return undefined;
    } else {
      at += 2 + bytes.readUInt16BE(at + 2);
      if (marker === SOS) at = endOfScan(bytes, at);
    }
  }
  return at + 2 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] === EOI ? at + 2 : undefined;
}

/** The offset of the next marker that is neither a stuffed byte nor a restart marker. */
function endOfScan(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}
