/** A real tokenizer, learned on small pictures. */
import { learnMerges } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { encodeRaster } from '../../tokenizer/codecs/jpeg/encode.ts';
import { makeRaster, RASTER_KINDS, type RasterKind } from './rasters.ts';

const KINDS = Object.keys(RASTER_KINDS) as RasterKind[];

/** 320 merges, some of them longer than an MCU, and the documents of 96x80 they come from. */
export async function learnedTokenizer(): Promise<{ bpe: ByteBpe; documents: Uint8Array[] }> {
  const documents = await Promise.all(
    KINDS.flatMap((kind) =>
      [1, 2, 3].map((seed) => encodeRaster(makeRaster(kind, 96, 80, seed).pixels, 96, 80, 25)),
    ),
  );
  return { documents, bpe: new ByteBpe(learnMerges(documents, 320)) };
}
