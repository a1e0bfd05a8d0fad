/** How well held-out pictures come back, and how many codes that takes. */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';
import { psnr as psnrOf } from '../../pictures/similarity.ts';
import { nearestCodes } from '../ops/nearest.ts';
import { imagesOf, type VqNetwork } from './step.ts';

export interface Measured {
  /** Mean of the pictures' PSNR in dB, after rounding to 8 bits. */
  psnr: number;
  /** Mean squared error in -1..1. */
  error: number;
  /** Share of the codes that occur in the pictures. */
  codesUsed: number;
  /** 2 to the entropy of the codes in bits: as many equally frequent ones would be as varied. */
  perplexity: number;
}

/** Pictures at once. */
const BATCH = 16;

/** The codes' vectors, [count, width]. */
export interface Book {
  vectors: Float32Array;
  count: number;
  width: number;
}

/**
 * @param pixels RGB, 0..255: [count, size, size, 3]
 * @returns also the pictures as they come back, like `pixels`
 */
export async function measure(
  backend: Backend,
  network: VqNetwork,
  book: Book,
  pixels: Uint8Array,
  size: number,
): Promise<Measured & { drawn: Uint8Array }> {
  const bytes = 3 * size * size;
  const count = pixels.length / bytes;
  const drawn = new Uint8Array(pixels.length);
  const uses = new Float64Array(book.count);
  let [psnr, squares] = [0, 0];
  for (let at = 0; at < count; at += BATCH) {
    const given = pixels.subarray(at * bytes, Math.min(count, at + BATCH) * bytes);
    const { floats, codes } = await reconstruct(backend, network, book, given, size);
    for (const code of codes) uses[code]++;
    const rounded = Uint8ClampedArray.from(floats, (value) => (value / 2 + 0.5) * 255);
    drawn.set(rounded, at * bytes);
    for (let i = 0; i < floats.length; i++) squares += (floats[i] - (2 * given[i]) / 255 + 1) ** 2;
    for (let start = 0; start < given.length; start += bytes) {
      const end = start + bytes;
      psnr += psnrOf(given.subarray(start, end), rounded.subarray(start, end));
    }
  }
  const total = uses.reduce((sum, use) => sum + use, 0);
  const shares = uses.filter((use) => use > 0).map((use) => use / total);
  return {
    psnr: psnr / count,
    error: squares / pixels.length,
    codesUsed: shares.length / book.count,
    perplexity: 2 ** shares.reduce((bits, share) => bits - share * Math.log2(share), 0),
    drawn,
  };
}

async function reconstruct(
  backend: Backend,
  { encoder, decoder }: VqNetwork,
  { vectors, count, width }: Book,
  pixels: Uint8Array,
  size: number,
): Promise<{ floats: Float32Array; codes: Int32Array }> {
  const { tf } = backend;
  const [image, nearest] = tf.tidy(() => {
    const book = tf.tensor2d(vectors, [count, width]);
    const encoded = encoder(imagesOf(backend, pixels, size));
    const found = nearestCodes(backend, tf.reshape(encoded, [-1, width]) as Tensor2D, book);
    const looked = tf.reshape(tf.gather(book, found), encoded.shape) as Tensor4D;
    return [decoder(looked), found] as const;
  }) as [Tensor4D, Tensor];
  const floats = (await image.data()) as Float32Array;
  const codes = (await nearest.data()) as Int32Array;
  tf.dispose([image, nearest]);
  return { floats, codes };
}
