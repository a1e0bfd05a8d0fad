/** Cuts a document where a model can continue it. */
import { CodecLmError } from '../../../base/error.ts';
import type { JpegDocument } from './document.ts';
import { EOI, HEADER_LENGTH, readHeader } from './header.ts';

/**
 * Number of bytes of the header and the first `mcus` MCUs with their restart markers, so that the
 * next byte begins a new MCU. With all MCUs it is the whole document including EOI.
 * @param mcus 0..mcuCount
 * @throws CodecLmError `USAGE` when the document has fewer MCUs
 */
export function cutAfterMcus(document: JpegDocument, mcus: number): number {
  if (!Number.isInteger(mcus) || mcus < 0 || mcus > document.mcuCount) {
    throw new CodecLmError(
      'USAGE',
      `cannot keep ${mcus} MCUs of a document of ${document.mcuCount}`,
    );
  }
  return mcus === document.mcuCount ? document.bytes.length : document.mcuOffsets[mcus];
}

/**
 * The paper's cut, at patch positions: after the first `share` of the MCUs, in
 * raster order, rounded down to whole MCUs.
 * @param share 0 (the header alone) to 1 (everything)
 * @returns the number of bytes to keep
 * @throws CodecLmError `USAGE` when the share is not between 0 and 1
 */
export function cutAfterShare(document: JpegDocument, share: number): number {
  if (!(share >= 0 && share <= 1)) {
    throw new CodecLmError('USAGE', `a share of MCUs is between 0 and 1; received ${share}`);
  }
  return cutAfterMcus(document, Math.floor(share * document.mcuCount));
}

/**
 * The cut of the authors' released code: after the n-th `FF D7`, that is, after 8n MCUs. It only
 * looks for these bytes, so it also works on an unfinished document.
 * @param n 1 or more
 * @returns the number of bytes to keep
 * @throws CodecLmError `USAGE` when the document has fewer of them
 */
export function cutAfterRestart7(bytes: Uint8Array, n: number): number {
  let found = 0;
  for (let i = 0; i + 1 < bytes.length; i++) {
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd7 && ++found === n) return i + 2;
  }
  throw new CodecLmError('USAGE', `cannot cut after FF D7 number ${n}: the document has ${found}`);
}

/**
 * An MCU of six blocks without coefficients and with DC differences of 0: codes 00 1010 four times,
 * 00 00 twice (T.81 annex K).
 */
const EMPTY_MCU = [0x28, 0xa2, 0x8a, 0x00];

/**
 * Completes an unfinished document: keeps its complete MCUs and fills the others with middle grey.
 * Without this, decoders draw noise for the missing part.
 * @param beginning the beginning of a document, at least its header
 * @returns a canonical document
 * @throws CodecLmError `JPEG_INVALID` when the header is not canonical
 */
export function filledWithGrey(beginning: Uint8Array): Uint8Array {
  const { mcuCount } = readHeader(beginning);
  let end = HEADER_LENGTH;
  let whole = 0;
  for (let i = HEADER_LENGTH; i + 1 < beginning.length; i++) {
    if (beginning[i] !== 0xff || beginning[i + 1] === 0) continue;
    if (beginning[i + 1] === EOI) return beginning;
    end = i + 2;
    whole++;
  }
  const rest = Array.from({ length: mcuCount - whole }, (_, i) => {
    const isLast = whole + i === mcuCount - 1;
    return [...EMPTY_MCU, 0xff, isLast ? EOI : 0xd0 + ((whole + i) & 7)];
  });
  return Buffer.concat([beginning.subarray(0, end), Uint8Array.from(rest.flat())]);
}
