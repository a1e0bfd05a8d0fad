/** Codecs that start a process for each input: never more of them at once than asked for. */
import pLimit from 'p-limit';
import type { Encoder } from '../../tokenizer/index.ts';

/** The encoder with at most `most` calls of `encodeFile` at once, first come first served. */
export function limited<E extends Encoder>(encoder: E, most: number): E {
  const { encodeFile } = encoder;
  if (!encodeFile) return encoder;
  const limit = pLimit(most);
  return {
    ...encoder,
    encodeFile: (file, label) => limit(() => encodeFile.call(encoder, file, label)),
  };
}
