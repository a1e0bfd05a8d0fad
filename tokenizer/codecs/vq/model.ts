/** A VQ model: encoder, quantizer and decoder of a diffusers `VQModel`, in tfjs ops. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { type Backend, chooseBackend } from '../../../compute/choose.ts';
import { codeWidth, vqDecoder, vqEncoder } from './architecture.ts';
import { readVqConfig, type VqConfig } from './config.ts';
import { VqLayers } from './layers.ts';
import { CODEBOOK, VqWeights } from './weights.ts';

export interface VqModel {
  readonly config: VqConfig;
  /** What computes: codes may differ where two are equally near. */
  readonly versions: Readonly<Record<string, string>>;
  /**
   * One image at a time: codes must not depend on what else is encoded, and libraries sum a batch in
   * another order than an image.
   * @param pixels RGB, 0..255: [height, width, 3]; sides that `pixelsOfCode` divides
   * @returns codes in raster order
   */
  encode(pixels: Uint8Array, width: number, height: number): Promise<Int32Array>;
  /**
   * @param codes in raster order: [rows, columns]
   * @returns RGB, 0..255, rounded and clipped
   */
  decode(codes: ArrayLike<number>, columns: number, rows: number): Promise<Uint8Array>;
  /** The same before it is rounded: about -1..1. */
  decodeFloats(codes: ArrayLike<number>, columns: number, rows: number): Promise<Float32Array>;
}

/** @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`, `BACKEND_UNAVAILABLE` */
export async function loadVqModel(dir: string): Promise<VqModel> {
  const config = await readVqConfig(dir);
  const backend = await chooseBackend();
  const weights = await VqWeights.read(dir, backend);
  const layers = new VqLayers(backend, weights, config.norm_num_groups);
  const { tf } = backend;
  const width = codeWidth(config);
  const book = weights.matrix(CODEBOOK, config.num_vq_embeddings, width);
  const lengths = tf.tidy(() => tf.sum(tf.square(book), 1));
  const encoder = vqEncoder(config, layers);
  const decoder = vqDecoder(config, layers);
  const decodeFloats = async (codes: ArrayLike<number>, columns: number, rows: number) => {
    const image = tf.tidy(() => {
      const chosen = tf.gather(book, tf.tensor1d(Int32Array.from(codes), 'int32'));
      return decoder(tf.reshape(chosen, [1, rows, columns, width]) as Tensor4D);
    });
    const floats = (await image.data()) as Float32Array;
    image.dispose();
    return floats;
  };
  return {
    config,
    versions: versionsOf(backend),
    async encode(pixels, columns, rows) {
      const nearest = tf.tidy(() => {
        const image = tf.tensor4d(Float32Array.from(pixels, toFloat), [1, rows, columns, 3]);
        const found = tf.reshape(encoder(image), [-1, width]) as Tensor2D;
        // Less the length of what is found, which is the same for all codes.
        return tf.argMin(tf.sub(lengths, tf.mul(2, tf.matMul(found, book, false, true))), 1);
      });
      const codes = (await nearest.data()) as Int32Array;
      nearest.dispose();
      return Int32Array.from(codes);
    },
    decodeFloats,
    async decode(codes, columns, rows) {
      const floats = await decodeFloats(codes, columns, rows);
      // The class clips and rounds.
      const bytes = Uint8ClampedArray.from(floats, (value) => (value / 2 + 0.5) * 255);
      return new Uint8Array(bytes.buffer);
    },
  };
}

function versionsOf({ name, device, versions }: Backend): Record<string, string> {
  const { tfjs, libtensorflow } = versions;
  return { backend: `${name} ${device}`, tfjs, ...(libtensorflow ? { libtensorflow } : {}) };
}

/** What diffusers' `VaeImageProcessor` makes of a byte. */
function toFloat(value: number): number {
  return Math.fround(2 * Math.fround(value / 255) - 1);
}
