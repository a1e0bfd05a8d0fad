/** Limits the number of processes of codecs that start one for each input. */
import pLimit from 'p-limit';
import type { Encoder } from '../../tokenizer/index.ts';

/** The encoder with at most `most` concurrent calls of `encodeFile`, in order of arrival. */
export function limited<E extends Encoder>(encoder: E, most: number): E {
  const { encodeFile } = encoder;
  if (!encodeFile) return encoder;
  const limit = pLimit(most);
  return {
    ...encoder,
    encodeFile: (file, label) => limit(() => encodeFile.call(encoder, file, label)),
  };
}
