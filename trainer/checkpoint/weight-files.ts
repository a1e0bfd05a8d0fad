/**
 * Finds the weights of a checkpoint folder: one safetensors file, or several that an index lists.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { weightIndexSchema } from '../../schemas/checkpoint.ts';
import type { Weights } from '../model/init.ts';
import { readSafetensors, readShapes } from './safetensors.ts';

export const WEIGHTS_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/** A tensor that exists but has not been read yet. */
export interface WeightPlace {
  /** Path of its file. */
  file: string;
  shape: number[];
}

export interface WeightFiles {
  /** The file that messages about the weights as a whole should name. */
  path: string;
  places: ReadonlyMap<string, WeightPlace>;
}

/**
 * Finds the weights in a folder.
 * @throws CodecLmError `INPUT_NOT_FOUND` for a folder without weights; `CHECKPOINT_INVALID` that
 *   names file and tensor
 */
export async function findWeights(dir: string): Promise<WeightFiles> {
  const single = join(dir, WEIGHTS_FILE);
  const index = join(dir, INDEX_FILE);
  if (existsSync(single)) {
    const places = [...(await readShapes(single))].map(
      ([name, shape]) => [name, { file: single, shape }] as const,
    );
    return { path: single, places: new Map(places) };
  }
  if (!existsSync(index)) throw await noWeights(dir, single);
  const parsed = weightIndexSchema.safeParse(await readModelJson(index));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw invalid(index, `${path.join('.')}: ${message}`);
  }
  return { path: index, places: await placesOf(dir, index, parsed.data.weight_map) };
}

/** @throws CodecLmError as `readSafetensors` */
export async function readWeightsAt(
  places: ReadonlyMap<string, WeightPlace>,
  wanted: Iterable<string>,
): Promise<Weights> {
  const byFile = new Map<string, Set<string>>();
  for (const name of wanted) {
    const { file } = places.get(name)!;
    byFile.set(file, (byFile.get(file) ?? new Set()).add(name));
  }
  const weights: Weights = new Map();
  for (const [file, names] of byFile) {
    for (const [name, tensor] of (await readSafetensors(file, names)).tensors) {
      weights.set(name, tensor);
    }
  }
  return weights;
}

/**
 * Finds the tensors that an index lists. A file may contain further tensors, but none that is also
 * in another file.
 */
async function placesOf(
  dir: string,
  index: string,
  weightMap: Readonly<Record<string, string>>,
): Promise<Map<string, WeightPlace>> {
  const places = new Map<string, WeightPlace>();
  const holders = new Map<string, string>();
  for (const name of new Set(Object.values(weightMap))) {
    const file = join(dir, name);
    const listed = Object.keys(weightMap).filter((key) => weightMap[key] === name);
    if (!existsSync(file)) {
      const hint = 'download the file too, or save the model again';
      throw invalid(index, `${listed[0]} should be in ${name}, which does not exist`, hint);
    }
    const shapes = await readShapes(file);
    for (const tensor of shapes.keys()) {
      const other = holders.get(tensor);
      if (other) throw invalid(index, `${tensor} is in ${other} and in ${name}`);
      holders.set(tensor, name);
    }
    for (const tensor of listed) {
      const shape = shapes.get(tensor);
      if (!shape) throw invalid(index, `${tensor} should be in ${name}, but is not`);
      places.set(tensor, { file, shape });
    }
  }
  return places;
}

/** @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID` */
export async function readModelJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw readError(error, path);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, `not JSON: ${messageOf(error)}`);
  }
}

/**
 * Error for a folder without weights; it names weights in another form, or parts without their
 * index.
 */
async function noWeights(dir: string, single: string): Promise<CodecLmError> {
  const names = await readdir(dir).catch(() => []);
  const others = names.filter((name) => /\.(safetensors|bin|pt|pth|gguf)$/.test(name));
  const there = others.length > 0 ? `; there is ${others.slice(0, 3).join(', ')}` : '';
  return new CodecLmError(
    'INPUT_NOT_FOUND',
    `reading ${single}: no such file, and no ${INDEX_FILE} that lists several${there}`,
    { path: single, hint: 'a model is read from safetensors files: save it again in that form' },
  );
}

function invalid(path: string, message: string, hint?: string): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, { path, hint });
}
