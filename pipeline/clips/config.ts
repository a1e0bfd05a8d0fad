/** From the options to the part of a plan that says how many clips a video gives, and where they begin. */
import { CodecLmError } from '../../base/error.ts';
import type { ClipsConfig } from '../../schemas/clips.ts';
import type { PlanOptions } from '../../schemas/pipeline.ts';
import type { PlanConfig } from '../../schemas/plan.ts';
import type { Encoder } from '../../tokenizer/index.ts';

/** Score from which on a frame begins a scene: ffmpeg's manual calls 0.3 to 0.5 a sane choice. */
const CUT_THRESHOLD = 0.3;

/** Absent where a video gives one document, so that plans from before it existed are still the same. */
export function clipsOf(
  { clipsPerVideo, stride, cuts = false, cutThreshold }: PlanOptions,
  encoder: Encoder,
): Pick<PlanConfig, 'clips'> {
  if (cutThreshold !== undefined && !cuts) {
    throw new CodecLmError('USAGE', '`cutThreshold` says what a cut is, and only `cuts` asks', {
      hint: 'add `cuts`, or leave `cutThreshold` out',
    });
  }
  if (clipsPerVideo === undefined) {
    if (stride === undefined && !cuts) return {};
    const which = cuts ? '`cuts`' : '`stride`';
    throw new CodecLmError('USAGE', `${which} is for several clips of a video`, {
      hint: 'say how many at the most by `clipsPerVideo`',
    });
  }
  // Options that only such encoders have.
  const { length } = encoder.clips!;
  const config: ClipsConfig = {
    perVideo: clipsPerVideo,
    stride: stride === undefined ? length : Math.max(1, Math.round(stride * 1e6)),
    ...(cuts ? { cuts: cutThreshold ?? CUT_THRESHOLD } : {}),
  };
  return { clips: config };
}

/** The clips of a video lie in one partition: its size is rounded up to whole videos. */
export function wholeVideos(partitionSize: number, clips: ClipsConfig | undefined): number {
  const perVideo = clips?.perVideo ?? 1;
  return Math.ceil(partitionSize / perVideo) * perVideo;
}

/** The number of videos behind so many inputs; undefined where each input is a file. */
export function videosOf(inputs: number, { clips }: Pick<PlanConfig, 'clips'>): number | undefined {
  return clips && inputs / clips.perVideo;
}
