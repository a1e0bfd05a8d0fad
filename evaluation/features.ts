/** The features of a folder of pictures. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { type CodecLmError, CodecLmError as OurError } from '../base/error.ts';
import { readError } from '../base/file-error.ts';
import { firstNotFinite } from '../base/safetensors/floats.ts';
import type { Backend } from '../compute/choose.ts';
import { pixelsAtOwnSize } from '../tokenizer/codecs/pictures/source/pixels.ts';
import type { EvaluationEvent } from './events.ts';
import type { Network } from './networks/network.ts';
import type { Rows } from './npz/statistics.ts';
import { cropped, type PictureRegion } from './pictures/crop.ts';
import { listPictures } from './pictures/list.ts';
import { type Resize, resizeFor } from './pictures/resize.ts';

/** Pictures that pass a network at once: enough for its products, little beside its weights. */
const BATCH = 8;

/** Pictures that are decoded at once: large ones would fill the memory before the network sees them. */
const DECODED = Math.min(BATCH, availableParallelism() + 1);

export interface FeatureExtraction {
  readonly resize: Resize;
  /** These pictures in place of all that are in the folder, in this order. */
  readonly paths?: readonly string[];
  /** Part of each picture that counts; default all of it. */
  readonly crop?: PictureRegion;
  /** Goes on without pictures that cannot be read. */
  readonly skipBroken?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: EvaluationEvent) => void;
}

export interface Extracted {
  readonly features: Rows;
  readonly logits?: Rows;
  /** Pictures that could not be read, with what is wrong with each. */
  readonly skipped: readonly CodecLmError[];
}

interface Prepared {
  path: string;
  /** [side, side, 3], normalized for the network. */
  pixels: Float32Array;
}

/**
 * @throws CodecLmError `INPUT_EMPTY`; an `IMAGE_*` code that names the file; `NOT_FINITE` that names the
 *   picture whose features are no numbers; `INTERRUPTED`
 */
export async function extractFeatures(
  backend: Backend,
  network: Network,
  folder: string,
  { resize, paths: given, crop, skipBroken = false, signal, onEvent }: FeatureExtraction,
): Promise<Extracted> {
  const paths = given ?? (await listPictures(folder));
  const features = new Float32Array(paths.length * network.dims);
  const skipped: CodecLmError[] = [];
  let logits: Float32Array | undefined;
  let classes = 0;
  let count = 0;
  const limit = pLimit(DECODED);
  const prepareAt = (at: number) =>
    Promise.all(
      paths
        .slice(at, at + BATCH)
        .map((path) => limit(() => prepare(path, network, resize, crop)).catch(asOurs)),
    );
  let next = prepareAt(0);
  for (let at = 0; at < paths.length; at += BATCH) {
    if (signal?.aborted) throw new OurError('INTERRUPTED', `reading the pictures of ${folder}`);
    const prepared = await next;
    // Files of the next batch are decoded while this one is computed.
    next = prepareAt(at + BATCH);
    next.catch(() => undefined);
    const good: Prepared[] = [];
    for (const item of prepared) {
      if (!(item instanceof OurError)) good.push(item);
      else if (skipBroken) skipped.push(item);
      else throw item;
    }
    onEvent?.({ type: 'pictures', folder, done: at, total: paths.length });
    if (good.length === 0) continue;
    const output = await runBatch(backend, network, good);
    check(output.features, good, network);
    features.set(output.features, count * network.dims);
    if (output.logits) {
      classes = output.logits.length / good.length;
      logits ??= new Float32Array(paths.length * classes);
      logits.set(output.logits, count * classes);
    }
    count += good.length;
  }
  onEvent?.({ type: 'pictures', folder, done: paths.length, total: paths.length });
  if (count === 0) {
    throw new OurError('INPUT_EMPTY', `${folder}: none of ${paths.length} pictures can be read`, {
      path: folder,
      cause: skipped[0],
    });
  }
  return {
    features: { count, dims: network.dims, data: features.subarray(0, count * network.dims) },
    logits: logits && { count, dims: classes, data: logits.subarray(0, count * classes) },
    skipped,
  };
}

async function prepare(
  path: string,
  network: Network,
  resize: Resize,
  crop?: PictureRegion,
): Promise<Prepared> {
  const file = await readFile(path).catch((error) => {
    throw readError(error, path);
  });
  const whole = await pixelsAtOwnSize(file, path);
  const picture = crop ? cropped(whole, crop) : whole;
  const { data: pixels, range } = resizeFor(picture, network.side, resize);
  for (let channel = 0; channel < 3; channel++) {
    const { shift, scale } = network.normalize(range, channel);
    for (let i = channel; i < pixels.length; i += 3) pixels[i] = (pixels[i] - shift) / scale;
  }
  return { path, pixels };
}

async function runBatch({ tf }: Backend, network: Network, pictures: readonly Prepared[]) {
  const { side } = network;
  const size = side * side * 3;
  const batch = new Float32Array(pictures.length * size);
  for (const [i, { pixels }] of pictures.entries()) batch.set(pixels, i * size);
  const input = tf.tensor4d(batch, [pictures.length, side, side, 3]);
  const output = network.run(input);
  input.dispose();
  try {
    const logits = (await output.logits?.data()) as Float32Array | undefined;
    return { features: (await output.features.data()) as Float32Array, logits };
  } finally {
    output.features.dispose();
    output.logits?.dispose();
  }
}

function check(features: Float32Array, pictures: readonly Prepared[], network: Network): void {
  const at = firstNotFinite(features);
  if (at < 0) return;
  const { path } = pictures[Math.floor(at / network.dims)];
  throw new OurError('NOT_FINITE', `${path}: feature ${at % network.dims} is ${features[at]}`, {
    path,
    hint: `if it is so for every picture, the weights of ${network.name} are damaged`,
  });
}

function asOurs(error: unknown): CodecLmError {
  if (error instanceof OurError) return error;
  throw error;
}
