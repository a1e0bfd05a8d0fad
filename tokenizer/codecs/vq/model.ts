/** A VQ model: encoder, quantizer and decoder of a diffusers `VQModel`, in tfjs ops. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { type Backend, chooseBackend } from '../../../compute/choose.ts';
import { readVqConfig, type VqConfig } from './config.ts';
import { type VqLayer, VqLayers } from './layers.ts';
import { VqWeights } from './weights.ts';

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
  const { num_vq_embeddings: count, latent_channels: latent } = config;
  const width = config.vq_embed_dim ?? latent;
  const book = weights.matrix('quantize.embedding.weight', count, width) as Tensor2D;
  const lengths = tf.tidy(() => tf.sum(tf.square(book), 1));
  const encoder = chain([
    ...encoderOf(config, layers),
    layers.convolution('quant_conv', 1, latent, width),
  ]);
  const decoder = chain([
    layers.convolution('post_quant_conv', 1, width, latent),
    ...decoderOf(config, layers),
  ]);
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

function chain(layers: readonly VqLayer[]): VqLayer {
  return (x) => layers.reduce((value, layer) => layer(value), x);
}

function encoderOf(config: VqConfig, layers: VqLayers): VqLayer[] {
  const { block_out_channels: sizes, layers_per_block: depth, down_block_types: types } = config;
  const found: VqLayer[] = [layers.convolution('encoder.conv_in', 3, 3, sizes[0])];
  for (const [i, size] of sizes.entries()) {
    const block = `encoder.down_blocks.${i}`;
    const before = sizes[Math.max(0, i - 1)];
    found.push(...blockOf(layers, block, types[i].startsWith('Attn'), before, size, depth));
    if (i < sizes.length - 1) found.push(layers.downsample(`${block}.downsamplers.0`, size));
  }
  const last = sizes[sizes.length - 1];
  return [
    ...found,
    ...middleOf(layers, 'encoder', last, config),
    ...endOf(layers, 'encoder', last, config.latent_channels),
  ];
}

function decoderOf(config: VqConfig, layers: VqLayers): VqLayer[] {
  const { layers_per_block: depth, up_block_types: types, latent_channels: latent } = config;
  const sizes = config.block_out_channels.toReversed();
  const found: VqLayer[] = [
    layers.convolution('decoder.conv_in', 3, latent, sizes[0]),
    ...middleOf(layers, 'decoder', sizes[0], config),
  ];
  for (const [i, size] of sizes.entries()) {
    const block = `decoder.up_blocks.${i}`;
    const before = sizes[Math.max(0, i - 1)];
    found.push(...blockOf(layers, block, types[i].startsWith('Attn'), before, size, depth + 1));
    if (i < sizes.length - 1) found.push(layers.upsample(`${block}.upsamplers.0`, size));
  }
  return [...found, ...endOf(layers, 'decoder', sizes[sizes.length - 1], 3)];
}

function blockOf(
  layers: VqLayers,
  block: string,
  attends: boolean,
  inputs: number,
  outputs: number,
  depth: number,
): VqLayer[] {
  return Array.from({ length: depth }, (_, j) => [
    layers.resnet(`${block}.resnets.${j}`, j === 0 ? inputs : outputs, outputs),
    ...(attends ? [layers.attention(`${block}.attentions.${j}`, outputs)] : []),
  ]).flat();
}

function middleOf(layers: VqLayers, side: string, channels: number, config: VqConfig): VqLayer[] {
  const block = `${side}.mid_block`;
  return [
    layers.resnet(`${block}.resnets.0`, channels, channels),
    ...(config.mid_block_add_attention
      ? [layers.attention(`${block}.attentions.0`, channels)]
      : []),
    layers.resnet(`${block}.resnets.1`, channels, channels),
  ];
}

function endOf(layers: VqLayers, side: string, inputs: number, outputs: number): VqLayer[] {
  return [
    layers.norm(`${side}.conv_norm_out`, inputs),
    (x) => layers.activate(x),
    layers.convolution(`${side}.conv_out`, 3, inputs, outputs),
  ];
}
