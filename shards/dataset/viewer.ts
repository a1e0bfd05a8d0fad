/**
 * Shows a dataset's documents with their codec. No other module in shards/ knows the meaning of
 * tokens.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Codec, Picture, Symbols, Tokenizer } from '../../tokenizer/index.ts';
import type { Dataset } from './dataset.ts';
import { readTokenizerOf } from './tokenizer.ts';

export interface DocumentViewer {
  codec: Codec;
  tokenizer: Tokenizer;
  /** Converts `<bos> tokens <eos>` to the symbols of the document. */
  symbolsOf(ids: Uint16Array): Symbols;
  /**
   * Draws a document as a picture for a page, with its media type.
   * @throws CodecLmError with the codec's code when it is not a document
   */
  picture(document: Symbols): Promise<Picture>;
}

/**
 * @throws CodecLmError `DATASET_INVALID` when the tokenizer is not the dataset's, or the codec's
 *   settings are invalid; `CODEC_UNKNOWN`
 */
export async function openViewer(dataset: Dataset): Promise<DocumentViewer> {
  const tokenizer = await readTokenizerOf(dataset);
  const { dir, manifest } = dataset;
  const { openRecorded } = await import('../../tokenizer/codecs/registry.ts');
  const codec = await openRecorded(manifest.codec, dir, 'DATASET_INVALID');
  checkAlphabet(dir, codec, tokenizer);
  return {
    codec,
    tokenizer,
    symbolsOf: (ids) => tokenizer.decode(ids.subarray(1, -1)),
    async picture(document) {
      codec.check(document);
      return { type: codec.still.mime, file: await codec.still.draw(document, 0) };
    },
  };
}

function checkAlphabet(dir: string, { definition, alphabet }: Codec, tokenizer: Tokenizer): void {
  if (tokenizer.alphabet === alphabet) return;
  const found = `the tokenizer is of ${tokenizer.alphabet} symbols`;
  const message = `${dir}: ${found}, documents of ${definition.name} have ${alphabet}`;
  throw new CodecLmError('DATASET_INVALID', message, { path: dir });
}
