/**
 * Reads the few parts of an MP4 file (ISO/IEC 14496-12) that show whether it holds the whole
 * document.
 */
import { CodecLmError } from '../../../base/error.ts';

export interface Mp4Track {
  /** Entries of the sample size box: one per frame. */
  samples: number;
  seconds: number;
}

/** Boxes that only contain other boxes, down to the tables of the first track. */
const SAMPLE_TABLE = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/**
 * Reads the first track.
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

/**
 * Gives every frame the same duration; changes `file` in place. ffmpeg follows the times in a
 * stream (VUI timing, reordered frames) in spite of `-r`, so it may show the last frame longer or
 * drop the first one. A document shows its frames in order, at a constant rate.
 * @param file a file with one track, as ffmpeg makes it from a document: boxes of version 0
 */
export function evenFrames(file: Uint8Array, fps: number): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const media = boxAt(bytes, ['moov', 'trak', 'mdia', 'mdhd']);
  const movie = boxAt(bytes, ['moov', 'mvhd']);
  const perFrame = media.readUInt32BE(12) / fps;
  const frames = setEntries(boxAt(bytes, [...SAMPLE_TABLE, 'stts']), perFrame);
  const composition = findBox(boxAt(bytes, SAMPLE_TABLE), 'ctts');
  if (composition) setEntries(composition, 0);
  media.writeUInt32BE(frames * perFrame, 16);
  const shown = Math.round((frames / fps) * movie.readUInt32BE(12));
  movie.writeUInt32BE(shown, 16);
  boxAt(bytes, ['moov', 'trak', 'tkhd']).writeUInt32BE(shown, 20);
  const edit = boxAt(bytes, ['moov', 'trak', 'edts', 'elst']);
  edit.writeUInt32BE(shown, 8);
  edit.writeUInt32BE(0, 12);
}

/**
 * Sets the value of every entry in a table of runs (count, value). @returns the sum of the counts
 */
function setEntries(table: Buffer, value: number): number {
  let count = 0;
  for (let at = 8; at < 8 + 8 * table.readUInt32BE(4); at += 8) {
    count += table.readUInt32BE(at);
    table.writeUInt32BE(value, at + 4);
  }
  return count;
}

function boxAt(bytes: Buffer, path: readonly string[]): Buffer {
  return path.reduce(boxIn, bytes);
}

/** The content of the first box of this type. */
function boxIn(parent: Buffer, type: string): Buffer {
  const box = findBox(parent, type);
  if (box === undefined) throw new CodecLmError('AVC_INVALID', `the MP4 file has no box ${type}`);
  return box;
}

function findBox(parent: Buffer, type: string): Buffer | undefined {
  for (let at = 0; at + 8 <= parent.length; ) {
    const size = parent.readUInt32BE(at);
    if (parent.toString('latin1', at + 4, at + 8) === type)
      return parent.subarray(at + 8, at + size);
    if (size < 8) break;
    at += size;
  }
  return undefined;
}
