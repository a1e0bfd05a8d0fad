/** Several clips of one video: how a plan asks for them, and why one of them is not there. */
import { z } from 'zod';

/** Most clips of a video. */
export const MAX_CLIPS = 10_000;

export const clipsConfigSchema = z.strictObject({
  /** Most documents of a video; each has an input of its own in the plan. */
  perVideo: z.int().min(1).max(MAX_CLIPS),
  /** Microseconds from the beginning of a clip to that of the next one, at the least. */
  stride: z.int().positive(),
  /** Scene score from which on a frame begins a scene; absent where clips take no notice of cuts. */
  cuts: z.number().gt(0).max(1).optional(),
});
export type ClipsConfig = z.infer<typeof clipsConfigSchema>;

/**
 * Reasons for which a video has no clip of a number: it ends before, or it has no further scene that is
 * long enough.
 */
export const CLIP_REASONS = ['short-clip', 'no-scene'] as const;
export type ClipReason = (typeof CLIP_REASONS)[number];

/** Whether a reason is found when a video is read, and not when the plan is curated. */
export function isClipReason(reason: string): reason is ClipReason {
  return (CLIP_REASONS as readonly string[]).includes(reason);
}

/** The clips that a manifest's copy of the plan's configuration asks for; undefined where files give one document. */
export function clipsIn(config: Readonly<Record<string, unknown>>): ClipsConfig | undefined {
  return clipsConfigSchema.safeParse(config.clips).data;
}
