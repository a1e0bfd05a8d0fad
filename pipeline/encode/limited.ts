/** Codecs that start a process for each input: never more of them at once than asked for. */
import type { Document, Encoder, FileSpan } from '../../tokenizer/index.ts';

/** The encoder with at most `most` calls of `encodeFile` at once, first come first served. */
export function limited<E extends Encoder>(encoder: E, most: number): E {
  if (!encoder.encodeFile) return encoder;
  let running = 0;
  const waiting: (() => void)[] = [];
  const encodeFile = async (file: FileSpan, label: string): Promise<Document> => {
    if (running < most) running++;
    // Whoever ends hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await encoder.encodeFile!(file, label);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
  return { ...encoder, encodeFile };
}
