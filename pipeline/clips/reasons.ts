/** Inputs of a plan that turn out to be no clip: they are left out, and have not failed. */
import type { CodecLmError } from '../../base/error.ts';
import type { ClipReason } from '../../schemas/clips.ts';

/** The reason for which an input is left out, if its error means that there is no such clip. */
export function clipReasonOf({ code }: CodecLmError): ClipReason | undefined {
  if (code === 'CLIP_TOO_SHORT') return 'short-clip';
  return code === 'CLIP_NO_SCENE' ? 'no-scene' : undefined;
}
