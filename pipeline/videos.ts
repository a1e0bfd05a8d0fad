/** What is particular to videos: which files are, which options make their codec, and how many at once. */
import { availableParallelism } from 'node:os';
import type { Io } from '../cli/command.ts';
import {
  type PlanVideosOptions,
  parseSize,
  type RunVideosOptions,
  VIDEO_MERGES,
} from '../schemas/pipeline.ts';
import { createAvcCodec } from '../tokenizer/codecs/avc/encode.ts';
import { warningOf } from '../tokenizer/codecs/avc/ffmpeg/find.ts';
import type { Codec, Document, FileSpan } from '../tokenizer/codecs/codec.ts';
import { requestOf } from './request.ts';
import type { RunRequest } from './run.ts';

/** Names of what ffmpeg's demuxers of single files read; what is in a file shows when it is read. */
export const VIDEO_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'mp4 m4v mov qt 3gp 3g2 mkv webm avi mpg mpeg mpe m1v m2v vob ts mts m2ts ogv ogg flv f4v ' +
    'wmv asf gif ivf h264 264 hevc h265 265 y4m nut mxf wtv rm rmvb dv obu mjpeg mjpg'
  )
    .split(' ')
    .map((extension) => `.${extension}`),
);

/**
 * Beyond one ffmpeg a core: while this process checks and packs what one has written, and
 * starts the next, its core has another one to run.
 */
const SPARE_PROCESSES = 1;

export async function videosRequest(
  sources: readonly string[],
  options: PlanVideosOptions & Partial<RunVideosOptions>,
  io: Io,
  planOnly: boolean,
): Promise<RunRequest> {
  const { fps, frames, qp, profile, short, damaged, timeoutSeconds, memoryMb } = options;
  const settings = { fps, frames, qp, profile, short, damaged, timeoutSeconds, memoryMb };
  const codec = await createAvcCodec({ ...parseSize(options.size), ...settings }, options.ffmpeg);
  const warning = warningOf(codec.ffmpeg);
  if (warning) io.log(warning);
  const workers = options.workers ?? availableParallelism();
  const media = {
    codec: limited(codec, workers + SPARE_PROCESSES),
    noun: 'video',
    extensions: VIDEO_EXTENSIONS,
    merges: VIDEO_MERGES,
    // A batch has several videos: this many batches never leave a worker without work.
    lanes: workers,
  };
  return requestOf(media, sources, options, io, planOnly);
}

/** The codec with at most `most` ffmpeg processes at once, first come first served. */
export function limited<
  C extends Codec & { encodeFile(file: FileSpan, label: string): Promise<Document> },
>(codec: C, most: number): C {
  let running = 0;
  const waiting: (() => void)[] = [];
  const encodeFile = async (file: FileSpan, label: string) => {
    if (running < most) running++;
    // Whoever ends hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await codec.encodeFile(file, label);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
  return { ...codec, encodeFile };
}
