/** Limits the number of processes of codecs that start one for each input. */
import pLimit from 'p-limit';
import type { ClipEncoder, Encoder } from '../../tokenizer/index.ts';

/** The encoder with at most `most` concurrent processes, in order of arrival. */
export function limited<E extends Encoder>(encoder: E, most: number): E {
  const { encodeFile, clips } = encoder;
  if (!encodeFile) return encoder;
  const limit = pLimit(most);
  return {
    ...encoder,
    encodeFile: (file, label) => limit(() => encodeFile.call(encoder, file, label)),
    ...(clips
      ? {
          clips: {
            ...clips,
            encode: (file, label, start) => limit(() => clips.encode(file, label, start)),
            survey: (file, label, options) => limit(() => clips.survey(file, label, options)),
          } satisfies ClipEncoder,
        }
      : {}),
  };
}
