/** Encoder and decoder of diffusers' `VQModel` as chains of layers, in the order of its `forward`. */
import type { VqConfig } from './config.ts';
import type { VqLayer, VqLayers } from './layers.ts';

/** Images in -1..1, [batch, height, width, 3], to what is looked up in the codebook. */
export function vqEncoder(config: VqConfig, layers: VqLayers): VqLayer {
  const { latent_channels: latent } = config;
  const quantConvolution = layers.convolution('quant_conv', 1, latent, codeWidth(config));
  return chain([...encoderLayers(config, layers), quantConvolution]);
}

/** Rows of the codebook, [batch, rows, columns, width], to images in about -1..1. */
export function vqDecoder(config: VqConfig, layers: VqLayers): VqLayer {
  const { latent_channels: latent } = config;
  const quantConvolution = layers.convolution('post_quant_conv', 1, codeWidth(config), latent);
  return chain([quantConvolution, ...decoderLayers(config, layers)]);
}

/** Numbers of a code. */
export function codeWidth({ vq_embed_dim, latent_channels }: VqConfig): number {
  return vq_embed_dim ?? latent_channels;
}

function chain(layers: readonly VqLayer[]): VqLayer {
  return (x) => layers.reduce((value, layer) => layer(value), x);
}

function encoderLayers(config: VqConfig, layers: VqLayers): VqLayer[] {
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

function decoderLayers(config: VqConfig, layers: VqLayers): VqLayer[] {
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
