/** A dataset of real JPEG documents, small enough to be made in each test. */
import type { Manifest } from '../../schemas/dataset.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { encodeRaster } from '../../tokenizer/codecs/jpeg/encode.ts';
import { type DatasetOptions, makeDataset } from './dataset.ts';

/** Canonical bytes of pictures of `side` pixels, each different. */
export async function somePictures(count: number, side = 32): Promise<Uint8Array[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => {
      const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
        const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
        return 128 + 100 * Math.sin(x / (2 + n) + (i % 3)) * Math.cos((y * (n + 1)) / 20);
      });
      return encodeRaster(pixels, side, side, 25);
    }),
  );
}

/** @param documents null where an input is to have failed */
export async function makePictureDataset(
  dir: string,
  documents: (Uint8Array | null)[],
  options: DatasetOptions = {},
): Promise<Manifest> {
  const bpe = new ByteBpe([
    [0xff, 0xd0],
    [0xff, 0xd1],
    [0x00, 0x00],
  ]);
  return makeDataset(
    dir,
    documents.map((bytes) => bytes && bpe.encode(bytes)),
    {
      seqLen: 256,
      vocabSize: bpe.vocabSize,
      tokenizer: bpe,
      byteLengths: documents.map((bytes) => bytes?.length ?? 0),
      ...options,
    },
  );
}
