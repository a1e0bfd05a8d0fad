/** Facts that are found out once for a video, and used for all of its clips. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import type { ClipsConfig } from '../../schemas/clips.ts';
import type { ClipEncoder, FileSpan } from '../../tokenizer/index.ts';
import { fileHash } from '../encode/inputs.ts';
import { ClipPlaces } from './places.ts';

/** Bytes at each end of a file that tell videos apart, with its size. */
const END_BYTES = 1 << 20;

/** The places of clips, or the reason why the list may lack some. */
interface Surveyed {
  starts: readonly number[];
  /** Damage behind the last place. */
  damage?: CodecLmError;
}

export class Video {
  /** The first clip that is known to lie behind the end, where no survey says where clips begin. */
  endsBefore = Number.POSITIVE_INFINITY;
  #surveyed: Promise<Surveyed> | undefined;
  #hash: Promise<string> | undefined;
  #key: Promise<Uint8Array> | undefined;

  /**
   * Where a clip begins, in microseconds.
   * @param file read when the video has not been surveyed yet
   * @throws CodecLmError `CLIP_TOO_SHORT`, `CLIP_NO_SCENE`; the error of a survey
   */
  async startOf(
    clip: number,
    file: FileSpan,
    label: string,
    config: ClipsConfig,
    encoder: ClipEncoder,
  ): Promise<number> {
    if (config.cuts === undefined) {
      if (clip >= this.endsBefore) throw endedBefore(label, this.endsBefore);
      return clip * config.stride;
    }
    this.#surveyed ??= survey(file, label, config, encoder);
    const { starts, damage } = await this.#surveyed;
    if (clip < starts.length) return starts[clip];
    throw damage ?? noScene(label, starts.length);
  }

  /** sha256 of the content. */
  hash(file: FileSpan): Promise<string> {
    this.#hash ??= fileHash(file);
    return this.#hash;
  }

  /** Equal for equal files: it decides the split of all clips together. */
  splitKey(file: FileSpan): Promise<Uint8Array> {
    this.#key ??= splitKeyOf(file);
    return this.#key;
  }
}

async function survey(
  file: FileSpan,
  label: string,
  config: ClipsConfig,
  encoder: ClipEncoder,
): Promise<Surveyed> {
  const places = new ClipPlaces(config, encoder.length);
  const damage = await encoder.survey(file, label, {
    onFrame: (frame) => places.add(frame),
    patience: config.perVideo,
  });
  // Where damage ends the list, nobody knows whether the last scene goes on.
  if (!damage) places.end(encoder.mayBeShort);
  return { starts: places.starts, damage };
}

/** Size, beginning and end: files of gigabytes need not be read for it. */
async function splitKeyOf({ path, offset, size }: FileSpan): Promise<Uint8Array> {
  const hash = createHash('sha256').update(`${size}\0`);
  const handle = await open(path);
  try {
    const ends =
      size <= 2 * END_BYTES
        ? [[0, size]]
        : [
            [0, END_BYTES],
            [size - END_BYTES, END_BYTES],
          ];
    for (const [start, length] of ends) {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset + start);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  return hash.digest();
}

function endedBefore(label: string, clip: number): CodecLmError {
  return new CodecLmError('CLIP_TOO_SHORT', `${label} ends before its clip ${clip} would`, {
    path: label,
  });
}

function noScene(label: string, found: number): CodecLmError {
  const message = `${label} has places for ${found} clips between its cuts`;
  return new CodecLmError('CLIP_NO_SCENE', message, { path: label });
}
