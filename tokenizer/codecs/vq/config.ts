/** config.json of a diffusers `VQModel`: its architecture, and what is refused of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CodecLmError } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';
import { MAX_ALPHABET } from '../../alphabet.ts';

/** Caps on a file that may come from anywhere: far above every published model. */
const channels = z.int().min(1).max(8192);
const MOST_BLOCKS = 8;

const DOWN = ['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'] as const;
const UP = ['UpDecoderBlock2D', 'AttnUpDecoderBlock2D'] as const;

/** Defaults are those of diffusers. */
const configSchema = z.looseObject({
  _class_name: z.literal('VQModel'),
  in_channels: z.literal(3).default(3),
  out_channels: z.literal(3).default(3),
  down_block_types: z.array(z.enum(DOWN)).min(1).max(MOST_BLOCKS).default(['DownEncoderBlock2D']),
  up_block_types: z.array(z.enum(UP)).min(1).max(MOST_BLOCKS).default(['UpDecoderBlock2D']),
  block_out_channels: z.array(channels).min(1).max(MOST_BLOCKS).default([64]),
  layers_per_block: z.int().min(1).max(16).default(1),
  act_fn: z.enum(['silu', 'swish']).default('silu'),
  latent_channels: channels.default(3),
  num_vq_embeddings: z.int().min(1).max(MAX_ALPHABET).default(256),
  norm_num_groups: z.int().min(1).max(1024).default(32),
  vq_embed_dim: channels.nullish(),
  norm_type: z.literal('group').default('group'),
  mid_block_add_attention: z.boolean().default(true),
});

export type VqConfig = z.output<typeof configSchema>;

export const CONFIG_FILE = 'config.json';

/** @throws CodecLmError `INPUT_NOT_FOUND` …; `CHECKPOINT_INVALID` for another architecture */
export async function readVqConfig(dir: string): Promise<VqConfig> {
  const path = join(dir, CONFIG_FILE);
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} is not JSON`, { cause: error, path });
  }
  return parseVqConfig(value, path);
}

/**
 * @param path the file's name, for messages
 * @throws CodecLmError `CHECKPOINT_INVALID` for another architecture
 */
export function parseVqConfig(value: unknown, path: string): VqConfig {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = issue.path.join('.');
    throw wrong(
      path,
      `${key}: ${issue.message}; it is ${JSON.stringify(valueAt(value, issue.path))}`,
    );
  }
  const config = parsed.data;
  const blocks = config.block_out_channels.length;
  for (const key of ['down_block_types', 'up_block_types'] as const) {
    const found = config[key].length;
    if (found !== blocks) throw wrong(path, `${found} ${key} for ${blocks} block_out_channels`);
  }
  const uneven = config.block_out_channels.find((count) => count % config.norm_num_groups !== 0);
  if (uneven !== undefined) {
    throw wrong(path, `${uneven} channels do not divide into ${config.norm_num_groups} groups`);
  }
  return config;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

function wrong(path: string, what: string): CodecLmError {
  return new CodecLmError(
    'CHECKPOINT_INVALID',
    `${path} is no VQModel that is known here: ${what}`,
    {
      path,
      hint: 'name the folder that VQModel.save_pretrained of diffusers wrote, often called vqvae or movq',
    },
  );
}

/** Pixels that a code stands for, in each direction: every block but the last halves the image. */
export function pixelsOfCode({ block_out_channels }: VqConfig): number {
  return 2 ** (block_out_channels.length - 1);
}
