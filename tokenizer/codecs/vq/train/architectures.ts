/** Architectures to train, as a config.json of diffusers has them. */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../../../base/error.ts';
import { readError } from '../../../../base/file-error.ts';
import { parseVqConfig, pixelsOfCode, type VqConfig } from '../config.ts';
import type { VqTrainOptions } from './options.ts';

const down = (...names: string[]) => names.map((name) => `${name}DownEncoderBlock2D`);
const up = (...names: string[]) => names.map((name) => `${name}UpDecoderBlock2D`);

const NAMED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  /** Half a million parameters. */
  small: {
    block_out_channels: [16, 32, 64],
    down_block_types: down('', '', ''),
    up_block_types: up('', '', ''),
    layers_per_block: 1,
    latent_channels: 32,
    vq_embed_dim: 16,
    num_vq_embeddings: 256,
    norm_num_groups: 8,
  },
  /** The VQ model of VQ-Diffusion (ITHQ), which tokenizes for the paper's VQ transformer (section 4.3). */
  paper: {
    block_out_channels: [64, 128, 256, 512],
    down_block_types: down('', '', '', 'Attn'),
    up_block_types: up('Attn', '', '', ''),
    layers_per_block: 2,
    latent_channels: 256,
    vq_embed_dim: 128,
    num_vq_embeddings: 4096,
    norm_num_groups: 32,
  },
};

/**
 * @throws CodecLmError `CONFIG_INVALID` for a size that the model cannot have, `INPUT_NOT_FOUND` and
 *   `CHECKPOINT_INVALID` for a file
 */
export async function architectureOf({
  config: named,
  codes,
  size,
}: VqTrainOptions): Promise<VqConfig> {
  const given = Object.hasOwn(NAMED, named) ? NAMED[named] : await readJson(named);
  const { sample_size: _, ...rest } = { sample_size: 0, ...given };
  const value = { ...rest, _class_name: 'VQModel', ...(codes && { num_vq_embeddings: codes }) };
  const config = parseVqConfig(value, named);
  const pixels = pixelsOfCode(config);
  if (size % pixels === 0) return config;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `VQ size: ${size} is no multiple of ${pixels}, the pixels that a code stands for`,
    { hint: `take \`size\` ${Math.max(1, Math.round(size / pixels)) * pixels}` },
  );
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} is not JSON`, { cause, path });
  }
}
