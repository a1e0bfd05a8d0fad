/** Reads the weights that a configuration needs, from a folder of unknown origin. */
import { CodecLmError } from '../../base/error.ts';
import { firstNotFinite } from '../../base/safetensors/floats.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import { type LlamaConfig, parameterShapes } from '../model/config.ts';
import { findWeights, readWeightsAt, type WeightFiles, type WeightPlace } from './weight-files.ts';

export const EMBEDDING = 'model.embed_tokens.weight';
export const HEAD = 'lm_head.weight';

/**
 * Whether the folder contains another output layer although its configuration ties it to the
 * embedding. Since release 5, transformers then computes with both.
 * @throws CodecLmError as `findWeights`
 */
export async function hasHeadOfItsOwn(dir: string): Promise<boolean> {
  const { places } = await findWeights(dir);
  const [embedding, head] = [places.get(EMBEDDING), places.get(HEAD)];
  if (!embedding || !head) return false;
  if (embedding.shape.join() !== head.shape.join()) return true;
  const weights = await readWeightsAt(places, [EMBEDDING, HEAD]);
  const { data } = weights.get(EMBEDDING)!;
  // NaN differs from itself; it is reported when the weights are read.
  return weights.get(HEAD)!.data.some((value, i) => value !== data[i]);
}

/**
 * Reads all weights of that configuration. Throws if there are others, or if one is not finite.
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` that names file and tensor
 */
export async function readModelWeights(
  dir: string,
  config: LlamaConfig,
): Promise<{ path: string; weights: Weights }> {
  const files = await findWeights(dir);
  const places = chosenPlaces(files, config);
  const weights = await readWeightsAt(places, places.keys());
  for (const [name, { data, shape }] of weights) {
    checkFiniteWeight(name, data, shape, places.get(name)!.file);
  }
  if (!weights.has(EMBEDDING)) {
    // The tied matrix is stored under the name of the output layer.
    weights.set(EMBEDDING, weights.get(HEAD)!);
    weights.delete(HEAD);
  }
  return { path: files.path, weights };
}

/**
 * The same weights one after the other, in the order of `parameterShapes`, so that one tensor at a
 * time is in memory. Names, shapes and types are checked before the first is read.
 * @throws CodecLmError as `readModelWeights`
 */
export async function* modelTensors(
  dir: string,
  config: LlamaConfig,
): AsyncGenerator<readonly [name: string, data: Float32Array], void> {
  const places = chosenPlaces(await findWeights(dir), config);
  for (const name of parameterShapes(config).keys()) {
    // A tied embedding may be stored under the name of the output layer.
    const key = places.has(name) ? name : HEAD;
    const { data, shape } = (await readWeightsAt(places, [key])).get(key)!;
    checkFiniteWeight(key, data, shape, places.get(key)!.file);
    yield [name, data];
  }
}

/**
 * Checks the weights of that configuration by names and shapes alone, before much is read.
 * @returns places by the names they are stored under; a tied embedding may have that of the head
 * @throws CodecLmError `CHECKPOINT_INVALID` that names file and tensor
 */
export function chosenPlaces(
  { path, places }: WeightFiles,
  config: LlamaConfig,
): Map<string, WeightPlace> {
  const shapes = parameterShapes(config);
  for (const [name, { file }] of places) {
    if (shapes.has(name) || isRedundant(name, config.tieEmbeddings)) continue;
    throw invalid(file, `unknown weight ${name}`, {
      hint: 'the file is not that of a plain LlamaForCausalLM',
    });
  }
  const chosen = new Map<string, WeightPlace>();
  for (const [name, shape] of shapes) {
    const isTiedHead = name === EMBEDDING && config.tieEmbeddings && !places.has(name);
    const key = isTiedHead && places.has(HEAD) ? HEAD : name;
    const place = places.get(key);
    if (!place) throw missing(path, name, config);
    if (place.shape.join() !== shape.join()) {
      throw invalid(place.file, `the weight ${key} is [${place.shape}], not [${shape}]`, {
        hint: 'config.json describes another model than these weights',
      });
    }
    chosen.set(key, place);
  }
  return chosen;
}

/** Old checkpoints contain the rotary frequencies, and some tied models also the output layer. */
function isRedundant(name: string, tieEmbeddings: boolean): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (tieEmbeddings && name === HEAD);
}

/** Error for a missing weight; transformers would initialize it at random, with a warning. */
function missing(path: string, name: string, { tieEmbeddings }: LlamaConfig): CodecLmError {
  const isHead = name === HEAD && !tieEmbeddings;
  const hint = isHead
    ? 'where the output layer is the embedding, config.json has to say tie_word_embeddings: true'
    : 'the checkpoint is not complete; save or download it again';
  return invalid(path, `the weight ${name} is missing`, { hint });
}

/**
 * @param data all of a tensor, or a part of it that begins at element `from`
 * @throws CodecLmError `CHECKPOINT_INVALID` that names file, tensor and place
 */
export function checkFiniteWeight(
  name: string,
  data: Float32Array,
  shape: number[],
  file: string,
  from = 0,
): void {
  const first = firstNotFinite(data);
  if (first < 0) return;
  const place: number[] = [];
  let rest = from + first;
  for (const length of shape.toReversed()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  throw invalid(file, `the weight ${name} holds ${data[first]} at [${place}], as fp32`, {
    hint: 'nothing can be computed with it; take an earlier checkpoint, or one that was not cut off at its largest numbers',
  });
}

function invalid(path: string, message: string, details: { hint?: string } = {}): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, { path, ...details });
}
