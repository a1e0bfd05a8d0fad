/** Finds the VQ model that a codec works with, and loads it once per process. */
import { CodecLmError } from '../../../base/error.ts';
import { pixelsOfCode, readVqConfig } from './config.ts';
import type { VqModel } from './model.ts';
import type { ModelSettings, VqSettings } from './settings.ts';
import { hashOfWeights } from './weights.ts';

/** As `CODEC_LM_FFMPEG` names ffmpeg: for commands that find the codec in a dataset or checkpoint. */
const VARIABLE = 'CODEC_LM_VQ';

/** @param named with `--vq` */
export function folderOf(named: string | undefined, env = process.env): string | undefined {
  return named ?? (env[VARIABLE] || undefined);
}

/**
 * Completes the settings by those of the model, where they do not name one yet.
 * @throws CodecLmError `CONFIG_INVALID` without a model, or for a size that it cannot have;
 *   `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID` for a folder that is no model
 */
export async function withModel(
  asked: VqSettings,
  dir: string | undefined,
): Promise<ModelSettings> {
  const { size, side, codes, model } = asked;
  if (model !== undefined && side !== undefined && codes !== undefined) {
    return { ...asked, side, codes, model };
  }
  if (dir === undefined) {
    throw new CodecLmError('CONFIG_INVALID', 'VQ vq: no model is named', {
      hint: `name the folder of a VQModel of diffusers as \`vq\`, or in ${VARIABLE}`,
    });
  }
  const config = await readVqConfig(dir);
  const pixels = pixelsOfCode(config);
  if (size % pixels !== 0) {
    const nearest = Math.max(1, Math.round(size / pixels)) * pixels;
    throw new CodecLmError(
      'CONFIG_INVALID',
      `VQ size: ${size} is no multiple of ${pixels}, the pixels that a code of ${dir} stands for`,
      { path: dir, hint: `take \`size\` ${nearest}` },
    );
  }
  const hash = await hashOfWeights(dir);
  return { ...asked, side: size / pixels, codes: config.num_vq_embeddings, model: hash };
}

/**
 * Loads the model with that hash, when it is first asked for.
 * @returns a function that throws CodecLmError `TOOL_MISSING` where no folder is known,
 *   `DATASET_MISMATCH` for the folder of another model; `CHECKPOINT_INVALID` …
 */
export function modelLoader(hash: string, dir: string | undefined): () => Promise<VqModel> {
  let loading: Promise<VqModel> | undefined;
  return () => {
    if (!loading) {
      loading = load(hash, dir);
      // What failed is tried again.
      loading.catch(() => {
        loading = undefined;
      });
    }
    return loading;
  };
}

async function load(hash: string, dir: string | undefined): Promise<VqModel> {
  if (dir === undefined) {
    const message = `pictures of VQ codes need their model (sha256 ${hash}), and ${VARIABLE} names no folder`;
    throw new CodecLmError('TOOL_MISSING', message, {
      hint: `set ${VARIABLE} to the folder of the VQModel that made the codes`,
    });
  }
  const found = await hashOfWeights(dir);
  if (found !== hash) {
    const message = `${dir} holds another VQ model than the one that made the codes: sha256 ${found}, not ${hash}`;
    throw new CodecLmError('DATASET_MISMATCH', message, {
      path: dir,
      hint: `set ${VARIABLE} to the folder of the other one`,
    });
  }
  return (await import('./model.ts')).loadVqModel(dir);
}
