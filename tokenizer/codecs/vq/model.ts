/** A VQ model: encoder, quantizer and decoder of a diffusers `VQModel`, in tfjs ops. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { type Backend, chooseBackend } from '../../../compute/choose.ts';
import { codeWidth, vqDecoder, vqEncoder } from './architecture.ts';
import { readVqConfig, type VqConfig } from './config.ts';
import { VqLayers } from './layers.ts';
import { nearestCodes } from './ops/nearest.ts';
import { CODEBOOK, VqWeights } from './weights.ts';

export interface VqModel {
  readonly config: VqConfig;
  /** What computes: codes may differ where two are equally near. */
  readonly versions: Readonly<Record<string, string>>;
  readonly device: 'cpu' | 'gpu';
  /**
   * @param images RGB, 0..255, each [height, width, 3]; sides that `pixelsOfCode` divides
   * @returns codes of each in raster order
   */
  encode(images: readonly Uint8Array[], width: number, height: number): Promise<Int32Array[]>;
  /**
   * @param codes of each image in raster order: [rows, columns]
   * @returns RGB, 0..255, rounded and clipped
   */
  decode(codes: readonly ArrayLike<number>[], columns: number, rows: number): Promise<Uint8Array[]>;
  /** The same before it is rounded: about -1..1. */
  decodeFloats(
    codes: readonly ArrayLike<number>[],
    columns: number,
    rows: number,
  ): Promise<Float32Array[]>;
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
  const encoder = vqEncoder(config, layers);
  const decoder = vqDecoder(config, layers);
  const decodeFloats: VqModel['decodeFloats'] = async (codes, columns, rows) => {
    const all = Int32Array.from(codes.flatMap((each) => Array.from(each)));
    const images = tf.tidy(() => {
      const chosen = tf.gather(book, tf.tensor1d(all, 'int32'));
      return decoder(tf.reshape(chosen, [codes.length, rows, columns, width]) as Tensor4D);
    });
    const floats = (await images.data()) as Float32Array;
    images.dispose();
    return inParts(floats, codes.length);
  };
  return {
    config,
    versions: versionsOf(backend),
    device: backend.device,
    async encode(images, columns, rows) {
      const floats = images.map((pixels) => Float32Array.from(pixels, toFloat));
      const nearest = tf.tidy(() => {
        const stacked = tf.stack(floats.map((each) => tf.tensor3d(each, [rows, columns, 3])));
        const found = tf.reshape(encoder(stacked as Tensor4D), [-1, width]) as Tensor2D;
        return nearestCodes(backend, found, book);
      });
      const codes = (await nearest.data()) as Int32Array;
      nearest.dispose();
      return inParts(Int32Array.from(codes), images.length);
    },
    decodeFloats,
    async decode(codes, columns, rows) {
      const images = await decodeFloats(codes, columns, rows);
      // The class clips and rounds.
      return images.map(
        (floats) =>
          new Uint8Array(Uint8ClampedArray.from(floats, (value) => (value / 2 + 0.5) * 255).buffer),
      );
    },
  };
}

function inParts<T extends Float32Array | Int32Array>(all: T, count: number): T[] {
  const length = all.length / count;
  return Array.from({ length: count }, (_, n) => all.slice(n * length, (n + 1) * length) as T);
}

function versionsOf({ name, device, versions }: Backend): Record<string, string> {
  const { tfjs, libtensorflow } = versions;
  return { backend: `${name} ${device}`, tfjs, ...(libtensorflow ? { libtensorflow } : {}) };
}

/** What diffusers' `VaeImageProcessor` makes of a byte. */
function toFloat(value: number): number {
  return Math.fround(2 * Math.fround(value / 255) - 1);
}
