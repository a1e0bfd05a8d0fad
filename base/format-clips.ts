/** How a dataset takes several clips of a video, for people. */
import type { ClipsConfig } from '../schemas/clips.ts';
import { formatCount } from './format.ts';

/**
 * Such as `at most 8 of each of 120 videos, every 5 s, none over a cut (score 0.3)`.
 * @param inputs of the plan: all clips that there may be
 */
export function formatClips({ perVideo, stride, cuts }: ClipsConfig, inputs: number): string {
  const videos = inputs / perVideo;
  const of = videos === 1 ? 'of 1 video' : `of each of ${formatCount(videos)} videos`;
  const places = cuts === undefined ? '' : `, none over a cut (score ${cuts})`;
  return `at most ${formatCount(perVideo)} ${of}, every ${stride / 1e6} s${places}`;
}
