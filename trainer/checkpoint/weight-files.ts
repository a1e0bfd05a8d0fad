/** The weights of a checkpoint folder: one safetensors file, or several that an index lists. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, fileError, messageOf } from '../../base/error.ts';
import { weightIndexSchema } from '../../schemas/checkpoint.ts';
import type { Weights } from '../model/init.ts';
import { readSafetensors } from './safetensors.ts';

export const WEIGHTS_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/**
 * @returns all weights, and the file that messages about them should name
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`
 */
export async function readWeightFiles(dir: string): Promise<{ path: string; weights: Weights }> {
  const single = join(dir, WEIGHTS_FILE);
  const index = join(dir, INDEX_FILE);
  if (existsSync(single) || !existsSync(index)) {
    return { path: single, weights: (await readSafetensors(single)).tensors };
  }
  const parsed = weightIndexSchema.safeParse(await readJson(index));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw invalid(index, `${path.join('.')}: ${message}`);
  }
  const places = Object.entries(parsed.data.weight_map);
  const weights: Weights = new Map();
  for (const file of new Set(places.map(([, file]) => file))) {
    const { tensors } = await readSafetensors(join(dir, file));
    for (const [name, listed] of places) {
      if (listed !== file) continue;
      const tensor = tensors.get(name);
      if (!tensor) throw invalid(index, `${name} should be in ${file} and is not`);
      weights.set(name, tensor);
    }
  }
  return { path: index, weights };
}

/** @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID` */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, 'reading', path);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, `no JSON: ${messageOf(error)}`);
  }
}

function invalid(path: string, message: string): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, { path });
}
