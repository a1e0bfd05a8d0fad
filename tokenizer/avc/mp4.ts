/** The little of an MP4 file (ISO/IEC 14496-12) that tells whether it holds what was put in. */
import { CodecLmError } from '../../schemas/error.ts';

export interface Mp4Track {
  /** Entries of the sample size box: one a frame. */
  samples: number;
  seconds: number;
}

/** Boxes that are only around others, down to the tables of the first track. */
const SAMPLE_TABLE = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/**
 * The first track.
 * @throws CodecLmError `AVC_INVALID` when there is none
 */
export function readMp4Track(file: Uint8Array): Mp4Track {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const header = boxIn(boxAt(bytes, ['moov', 'trak', 'mdia']), 'mdhd');
  // Version 1 has 64-bit times (clause 8.4.2).
  const at = header[0] === 1 ? 20 : 12;
  const timescale = header.readUInt32BE(at);
  const duration = header[0] === 1 ? Number(header.readBigUInt64BE(24)) : header.readUInt32BE(16);
  const sizes = boxIn(boxAt(bytes, SAMPLE_TABLE), 'stsz');
  return { samples: sizes.readUInt32BE(8), seconds: duration / timescale };
}

function boxAt(bytes: Buffer, path: readonly string[]): Buffer {
  return path.reduce(boxIn, bytes);
}

/** The content of the first box of this type. */
function boxIn(parent: Buffer, type: string): Buffer {
  for (let at = 0; at + 8 <= parent.length; ) {
    const size = parent.readUInt32BE(at);
    if (parent.toString('latin1', at + 4, at + 8) === type)
      return parent.subarray(at + 8, at + size);
    if (size < 8) break;
    at += size;
  }
  throw new CodecLmError('AVC_INVALID', `the MP4 file has no box ${type}`);
}
