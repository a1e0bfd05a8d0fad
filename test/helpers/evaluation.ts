/** A small evaluation: pictures in folders of classes, a model that knows nothing, a network of random weights. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { writeSafetensors } from '../../base/safetensors/safetensors.ts';
import { sharp } from '../../base/sharp.ts';
import { randomWeights } from '../../bench/evaluation/random-weights.ts';
import {
  type Evaluation,
  type EvaluationOptions,
  runEvaluation,
} from '../../evaluation/protocol/run.ts';
import type { EngineChoice } from '../../schemas/sample.ts';
import { loadModel } from '../../trainer/sample/model.ts';
import { makeCheckpoint } from './checkpoint.ts';
import { temporaryFolder } from './temporary.ts';

const SHAPES = new URL('../golden/evaluation/mobilenet.json', import.meta.url);
export const SIDE = 32;

export interface EvaluationPlace {
  readonly folder: string;
  readonly checkpoint: string;
  readonly images: string;
}

interface PlaceOptions {
  pictures?: number;
  classes?: number;
}

export async function evaluationPlace(
  t: ExecutionContext,
  options: PlaceOptions = {},
): Promise<EvaluationPlace> {
  t.timeout(300_000);
  return fillPlace(await temporaryFolder(t), options);
}

/** @param folder an empty one */
export async function fillPlace(
  folder: string,
  { pictures = 6, classes = 2 }: PlaceOptions,
): Promise<EvaluationPlace> {
  const [checkpoint, images] = [join(folder, 'checkpoint'), join(folder, 'images')];
  await makeCheckpoint(checkpoint, { side: SIDE, seqLen: 1000 });
  for (let nth = 0; nth < pictures; nth++) await writePicture(images, nth, classes);
  return { folder, checkpoint, images };
}

/** Larger than the documents, and wider than high: cropped and made smaller. */
async function writePicture(images: string, nth: number, classes: number): Promise<void> {
  const [width, height] = [50 + nth, 40];
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 128 + 100 * Math.sin(x / (3 + nth) + (i % 3)) * Math.cos((y * (nth + 1)) / 20);
  });
  const folder = join(images, `class-${nth % classes}`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${String(nth).padStart(2, '0')}.png`);
  await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(file);
}

/** MobileNetV2 without its training. */
export async function writeNetwork(folder: string): Promise<string> {
  const { shapes } = JSON.parse(await readFile(SHAPES, 'utf8'));
  const path = join(folder, 'mobilenet.safetensors');
  await writeSafetensors(path, randomWeights(shapes, 7));
  return path;
}

interface UsedEngine {
  engine?: EngineChoice;
}

export async function evaluated(
  { checkpoint, images }: EvaluationPlace,
  { engine, ...options }: Partial<EvaluationOptions> & Pick<EvaluationOptions, 'to'> & UsedEngine,
): Promise<Evaluation> {
  const model = await loadModel(checkpoint, { engine });
  const found = await runEvaluation(model, {
    images,
    seeds: 2,
    ratios: [0.5],
    threads: 1,
    ...options,
  });
  return found!;
}
