/**
 * The edge to the codecs: how a command line shows documents. Nothing else in
 * shards/ knows what the tokens stand for; modules are loaded when first needed.
 */

import { CodecLmError } from '../schemas/error.ts';
import type { ByteBpe } from '../tokenizer/bpe/tokenizer.ts';
import type { Dataset } from './dataset.ts';
import { readTokenizerOf } from './tokenizer.ts';

export interface DocumentViewer {
  /** Of a viewable file, with its dot. */
  extension: '.jpg' | '.mp4';
  bpe: ByteBpe;
  /** `<bos> tokens <eos>` to canonical bytes. */
  bytesOf(ids: Uint16Array): Uint8Array;
  /**
   * Canonical bytes to a file that every viewer opens.
   * @throws CodecLmError `JPEG_INVALID` or `AVC_INVALID` when they are not canonical
   */
  view(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Throws as `view` does; makes no file. */
  check(bytes: Uint8Array): void;
}

/** @throws CodecLmError `DATASET_INVALID` for a tokenizer that is not the dataset's; `TOOL_MISSING` */
export async function openViewer(dataset: Dataset): Promise<DocumentViewer> {
  const bpe = await readTokenizerOf(dataset);
  const { name, settings } = dataset.manifest.codec;
  const bytesOf = (ids: Uint16Array) => bpe.decode(ids.subarray(1, -1));
  if (name !== 'jpeg') {
    throw new CodecLmError('TOOL_MISSING', `this version cannot show documents of codec ${name}`, {
      path: dataset.dir,
      hint: 'use --raw for the canonical bytes',
    });
  }
  const { quality } = settings;
  if (typeof quality !== 'number') {
    throw new CodecLmError('DATASET_INVALID', `${dataset.dir}: no quality in the codec's settings`);
  }
  const { toJpegFile } = await import('../tokenizer/jpeg/view.ts');
  const view = (bytes: Uint8Array) => toJpegFile(bytes, quality);
  return { extension: '.jpg', bpe, bytesOf, view, check: view };
}
