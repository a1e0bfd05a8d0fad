/**
 * The edge to the codecs: how a command line shows documents. Nothing else in
 * shards/ knows what the tokens stand for; modules are loaded when first needed.
 */
import { CodecLmError } from '../../base/error.ts';
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import type { Dataset } from './dataset.ts';
import type { Part } from './parts.ts';
import { readTokenizerOf } from './tokenizer.ts';

interface Picture {
  type: string;
  file: Uint8Array;
}

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
  /** Canonical bytes to a picture of them for a page, with its media type. Throws as `view` does. */
  picture(bytes: Uint8Array): Picture | Promise<Picture>;
  /** Throws as `view` does; makes no file. */
  check(bytes: Uint8Array): void;
  /** What the bytes are made of, from the first to the last. Throws as `view` does. */
  parts(bytes: Uint8Array): Part[];
}

/** @throws CodecLmError `DATASET_INVALID` for a tokenizer that is not the dataset's, or a codec's settings */
export async function openViewer(dataset: Dataset): Promise<DocumentViewer> {
  const bpe = await readTokenizerOf(dataset);
  const bytesOf = (ids: Uint16Array) => bpe.decode(ids.subarray(1, -1));
  const codec =
    dataset.manifest.codec.name === 'jpeg' ? await jpegViewer(dataset) : await avcViewer(dataset);
  return { ...codec, bpe, bytesOf };
}

type CodecViewer = Omit<DocumentViewer, 'bpe' | 'bytesOf'>;

async function jpegViewer(dataset: Dataset): Promise<CodecViewer> {
  const quality = numberOf(dataset, 'quality');
  const { toJpegFile } = await import('../../tokenizer/codecs/jpeg/view.ts');
  const { partsOfJpeg } = await import('./parts.ts');
  const view = (bytes: Uint8Array) => toJpegFile(bytes, quality);
  const picture = (bytes: Uint8Array) => ({ type: 'image/jpeg', file: view(bytes) });
  return { extension: '.jpg', view, picture, check: view, parts: partsOfJpeg };
}

/** Clips are shown as strips of their frames: a page of many players would be slow and dark. */
async function avcViewer(dataset: Dataset): Promise<CodecViewer> {
  const fps = numberOf(dataset, 'fps');
  const { parseAvcDocument } = await import('../../tokenizer/codecs/avc/document.ts');
  const { framesOf, toMp4 } = await import('../../tokenizer/codecs/avc/view.ts');
  const { drawStrip } = await import('../../tokenizer/codecs/avc/strip.ts');
  const { partsOfAvc } = await import('./parts.ts');
  return {
    extension: '.mp4',
    view: (bytes) => toMp4(bytes, fps),
    picture: async (bytes) => {
      const file = await drawStrip(await framesOf(bytes), { columns: 5 });
      return { type: 'image/png', file };
    },
    check: parseAvcDocument,
    parts: partsOfAvc,
  };
}

function numberOf({ dir, manifest }: Dataset, setting: string): number {
  const value = manifest.codec.settings[setting];
  if (typeof value === 'number') return value;
  throw new CodecLmError('DATASET_INVALID', `${dir}: no ${setting} in the codec's settings`);
}
