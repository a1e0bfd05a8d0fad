/** Converts the clips of videos to documents. What is known of a video serves all of its clips. */
import { CodecLmError } from '../../base/error.ts';
import type { ClipsConfig } from '../../schemas/clips.ts';
import type { PlanConfig } from '../../schemas/plan.ts';
import type { CodecDefinition, Encoder, FileSpan } from '../../tokenizer/index.ts';
import {
  createInputEncoder,
  type EncodeCounts,
  type InputDocument,
  type InputEncoder,
  isInPlace,
  secondsSince,
} from '../encode/inputs.ts';
import { extrasOf } from '../pack/extras.ts';
import type { ByteString } from '../plan/byte-strings.ts';
import { identityOf } from '../plan/make.ts';
import { findInput, readInput } from '../sources/read.ts';
import { type Input, labelOf } from '../sources/source.ts';
import { Copies } from './copies.ts';
import { Video } from './video.ts';

/** Videos of which is known where their clips begin; the sample of a tokenizer has ten thousand. */
const MOST_VIDEOS = 1 << 14;

/** Most clips that wait for the survey of their video while others are surveyed. */
const MOST_TOGETHER = 256;

/**
 * Converts the inputs of a plan: files where each gives one document, else clips.
 * @param bases base paths of the sources
 */
export function inputEncoderOf(
  encoder: Encoder,
  bases: readonly ByteString[],
  definition: CodecDefinition,
  config: PlanConfig,
): InputEncoder {
  const { hasHash } = extrasOf({ config });
  const { clips, valFraction } = config;
  if (!clips) return createInputEncoder(encoder, bases, definition, hasHash);
  const kept = { hasHash, isSplit: valFraction > 0 };
  return new ClipInputEncoder({ encoder, bases, definition, clips, ...kept });
}

interface ClipRequest {
  encoder: Encoder;
  bases: readonly ByteString[];
  definition: CodecDefinition;
  clips: ClipsConfig;
  /** Whether documents have the sha256 of their source file. */
  hasHash: boolean;
  /** Whether documents are held out. */
  isSplit: boolean;
}

class ClipInputEncoder implements InputEncoder {
  readonly together: number;
  readonly #request: ClipRequest;
  readonly #videos = new Map<string, Video>();
  readonly #copies = new Copies();

  constructor(request: ClipRequest) {
    this.#request = request;
    const { cuts, perVideo } = request.clips;
    this.together = cuts === undefined ? 1 : Math.min(perVideo, MOST_TOGETHER);
  }

  async encode(
    { input }: { input: Input },
    counts: EncodeCounts,
  ): Promise<InputDocument | CodecLmError> {
    try {
      return await this.#withFile(input, (file) => this.#encode(input, file, counts));
    } catch (error) {
      // Any other error stops the run.
      if (error instanceof CodecLmError && error.scope === 'input') return error;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#copies.close();
  }

  async #withFile<T>(input: Input, work: (file: FileSpan) => Promise<T>): Promise<T> {
    const { bases, definition, encoder } = this.#request;
    if (isInPlace(encoder, bases, input)) {
      return work(await findInput(bases, input, definition.unreadable));
    }
    const key = identityOf(bases, input);
    return this.#copies.use(key, () => readInput(bases, input, definition), work);
  }

  async #encode(input: Input, file: FileSpan, counts: EncodeCounts): Promise<InputDocument> {
    const { bases, encoder, clips, hasHash, isSplit } = this.#request;
    const clip = input.clip ?? 0;
    const label = labelOf(bases, input);
    const video = this.#videoOf(input);
    // All clips are made of one file.
    if (clip === 0) counts.sourceBytes += file.size;
    const begun = performance.now();
    let start: number | undefined;
    try {
      start = await video.startOf(clip, file, label, clips, encoder.clips!);
      const document = await encoder.clips!.encode(file, label, start);
      return {
        ...document,
        clipStart: start / 1e6,
        ...(hasHash ? { sha256: await video.hash(file) } : {}),
        ...(isSplit ? { splitKey: await video.splitKey(file) } : {}),
      };
    } catch (error) {
      if (!(error instanceof CodecLmError) || error.scope !== 'input') throw error;
      if (error.code === 'CLIP_TOO_SHORT') video.endsBefore = Math.min(video.endsBefore, clip);
      throw named(error, clip, start);
    } finally {
      counts.seconds.encode += secondsSince(begun);
    }
  }

  /** Whatever is known longest is forgotten first; it can be found out again. */
  #videoOf(input: Input): Video {
    const key = identityOf(this.#request.bases, input);
    const video = this.#videos.get(key) ?? new Video();
    this.#videos.delete(key);
    this.#videos.set(key, video);
    if (this.#videos.size > MOST_VIDEOS) this.#videos.delete(this.#videos.keys().next().value!);
    return video;
  }
}

/** The error with the clip in its message: all clips of a video have the same source. */
function named(error: CodecLmError, clip: number, start: number | undefined): CodecLmError {
  const { code, message, hint, path, cause = error } = error;
  const from = start === undefined ? '' : `, from ${start / 1e6} s`;
  return new CodecLmError(code, `${message} (clip ${clip}${from})`, { cause, path, hint });
}
