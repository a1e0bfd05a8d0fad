/**
 * Finds the weights of a checkpoint folder: one file of safetensors or torch, or several that an
 * index lists.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { listSafetensors } from '../../base/safetensors/safetensors.ts';
import { readFloats, type StoredTensor } from '../../base/safetensors/stored.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import { torchIndexSchema, weightIndexSchema } from '../../schemas/checkpoint.ts';
import { listTorchTensors } from '../torch/file.ts';

export const WEIGHTS_FILE = 'model.safetensors';
/** As transformers called them before it wrote safetensors. */
const TORCH_FILE = 'pytorch_model.bin';

/** Whole files first, then those that an index lists, as transformers looks for them. */
const FORMS = [
  { name: WEIGHTS_FILE, schema: weightIndexSchema, list: listSafetensors },
  { name: TORCH_FILE, schema: torchIndexSchema, list: listTorchTensors },
];

type Form = (typeof FORMS)[number];

/** A tensor that exists but has not been read yet. */
export interface WeightPlace extends StoredTensor {
  /** Path of its file. */
  file: string;
}

export interface WeightFiles {
  /** The file that messages about the weights as a whole should name. */
  path: string;
  /** All files that were looked into, and the index among them. */
  files: string[];
  places: ReadonlyMap<string, WeightPlace>;
}

/**
 * Finds the weights in a folder.
 * @throws CodecLmError `INPUT_NOT_FOUND` for a folder without weights; `CHECKPOINT_INVALID` that
 *   names file and tensor
 */
export async function findWeights(dir: string): Promise<WeightFiles> {
  for (const form of FORMS) {
    const [path, index] = [join(dir, form.name), join(dir, `${form.name}.index.json`)];
    if (existsSync(path)) {
      const places = [...(await form.list(path))].map(
        ([tensor, stored]) => [tensor, { ...stored, file: path }] as const,
      );
      return { path, files: [path], places: new Map(places) };
    }
    if (existsSync(index)) return findByIndex(dir, index, form);
  }
  throw await noWeights(dir, join(dir, WEIGHTS_FILE));
}

/** @throws CodecLmError `CHECKPOINT_INVALID` that names file and tensor */
export async function readWeightsAt(
  places: ReadonlyMap<string, WeightPlace>,
  wanted: Iterable<string>,
): Promise<Weights> {
  const weights: Weights = new Map();
  for (const name of wanted) {
    const place = places.get(name)!;
    const data = await readFloats(name, place, place.file);
    weights.set(name, { shape: place.shape, data });
  }
  return weights;
}

async function findByIndex(dir: string, index: string, form: Form): Promise<WeightFiles> {
  const parsed = form.schema.safeParse(await readModelJson(index));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw invalid(index, `${path.join('.')}: ${message}`);
  }
  const places = await placesOf(dir, index, parsed.data.weight_map, form);
  const files = [...new Set([...places.values()].map(({ file }) => file))];
  return { path: index, files: [index, ...files], places };
}

/**
 * Finds the tensors that an index lists. A file may contain further tensors, but none that is also
 * in another file.
 */
async function placesOf(
  dir: string,
  index: string,
  weightMap: Readonly<Record<string, string>>,
  { list }: Form,
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
    const stored = await list(file);
    for (const tensor of stored.keys()) {
      const other = holders.get(tensor);
      if (other) throw invalid(index, `${tensor} is in ${other} and in ${name}`);
      holders.set(tensor, name);
    }
    for (const tensor of listed) {
      const found = stored.get(tensor);
      if (!found) throw invalid(index, `${tensor} should be in ${name}, but is not`);
      places.set(tensor, { ...found, file });
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
    `reading ${single}: no such file, no ${TORCH_FILE}, and no index that lists several${there}`,
    {
      path: single,
      hint: `a model is read from ${WEIGHTS_FILE} or ${TORCH_FILE}, or from the files that an index beside them lists`,
    },
  );
}

function invalid(path: string, message: string, hint?: string): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, { path, hint });
}
