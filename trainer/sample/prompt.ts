/** The part of an image that a model goes on from: its first MCUs, as the paper cuts them (section 5.1). */
import { readFile } from 'node:fs/promises';
import { fileError } from '../../schemas/error.ts';
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import type { Codec } from '../../tokenizer/codec.ts';
import { parseDocument } from '../../tokenizer/jpeg/document.ts';
import { cutAfterShare } from '../../tokenizer/jpeg/prompt.ts';

/**
 * @param ratio share of the image's MCUs that the model is given, 0..1
 * @returns ids without `<bos>`
 * @throws CodecLmError `INPUT_NOT_FOUND`, or an `IMAGE_*` code that names the file
 */
export async function promptOfImage(
  path: string,
  ratio: number,
  codec: Codec,
  tokenizer: ByteBpe,
): Promise<Uint16Array> {
  let source: Uint8Array;
  try {
    source = await readFile(path);
  } catch (error) {
    throw fileError(error, 'reading the prompt', path);
  }
  const document = parseDocument((await codec.encode(source, path)).bytes);
  return tokenizer.encode(document.bytes.subarray(0, cutAfterShare(document, ratio)));
}
