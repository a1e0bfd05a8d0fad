/** Checks the files of samples: whether they continue their prompts. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { parseAvcDocument } from '../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../tokenizer/codecs/avc/encode.ts';
import { cutAfterFrames } from '../tokenizer/codecs/avc/prompt.ts';
import { framesOf, fromMp4 } from '../tokenizer/codecs/avc/view.ts';

/** Frames of a whole clip. */
const FRAMES = 15;

/**
 * Each sample decodes without an error to 15 frames, of which the first ones are byte by
 * byte those of its prompt.
 * @param samples folder of `trainer sample`, the same number of each prompt
 * @param prompts the videos, in order
 * @returns the number of samples that were checked
 * @throws CodecLmError `AVC_INVALID` that names the first wrong sample
 */
export async function checkContinuations(
  samples: string,
  prompts: readonly string[],
  promptFrames: number,
  settings: Parameters<typeof createAvcCodec>[0],
): Promise<number> {
  const codec = await createAvcCodec(settings);
  const names = (await readdir(samples)).filter((name) => /^\d{8}\.(mp4|bin)$/.test(name)).sort();
  const originals: Uint8Array[] = [];
  for (const path of prompts) {
    originals.push((await codec.encode(await readFile(path), path)).symbols);
  }
  for (const [i, name] of names.entries()) {
    const original = originals[Math.floor((i * prompts.length) / names.length)];
    const bytes = await fromMp4(await readFile(join(samples, name)));
    const decoded = (await framesOf(bytes)).frames.length;
    const isPrompt = Buffer.from(cutAfterFrames(bytes, promptFrames)).equals(
      cutAfterFrames(original, promptFrames),
    );
    if (parseAvcDocument(bytes).frames.length !== FRAMES || decoded !== FRAMES || !isPrompt) {
      throw new CodecLmError('AVC_INVALID', `${name}: ${decoded} frames, or not from its prompt`);
    }
  }
  return names.length;
}
