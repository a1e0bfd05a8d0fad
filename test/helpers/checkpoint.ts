/** A checkpoint with random weights, made without training and without a backend. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../base/safetensors/safetensors.ts';
import { writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { jpegSettingsSchema } from '../../tokenizer/codecs/jpeg/settings.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { configToHuggingFace, type LlamaConfig } from '../../trainer/model/config.ts';
import { initialWeights } from '../../trainer/model/init.ts';

export const TOKENIZER = new ByteBpe([
  [0xff, 0xd0],
  [0xff, 0xd1],
  [0x00, 0x00],
  [0x28, 0xa2],
]);

export interface CheckpointOptions {
  /** Size of the images in pixels. */
  side?: number;
  seqLen?: number;
  hiddenSize?: number;
  layers?: number;
  /** Another codec than that of JPEG, and the tokenizer of its symbols if they are no bytes. */
  codec?: { name: string; settings: Readonly<Record<string, unknown>> };
  tokenizer?: Tokenizer;
  /** Those of the weights. */
  seed?: number;
  /** What matrices are multiplied by: with 1 all tokens are nearly as likely. */
  scale?: number;
}

/** @returns its configuration */
export async function makeCheckpoint(
  dir: string,
  {
    side = 32,
    seqLen = 1024,
    hiddenSize = 32,
    layers = 2,
    codec: other,
    tokenizer = TOKENIZER,
    seed = 1,
    scale = 1,
  }: CheckpointOptions = {},
): Promise<LlamaConfig> {
  const config: LlamaConfig = {
    vocabSize: tokenizer.vocabSize,
    hiddenSize,
    layers,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 2 * hiddenSize,
    ropeTheta: 10_000,
    normEps: 1e-5,
    tieEmbeddings: false,
    maxPositions: seqLen,
    bosId: tokenizer.bosId,
    eosId: tokenizer.eosId,
    padId: tokenizer.padId,
  };
  await mkdir(dir, { recursive: true });
  await writeTokenizer(dir, tokenizer);
  await writeFile(join(dir, 'config.json'), JSON.stringify(configToHuggingFace(config)));
  const weights = initialWeights(config, seed);
  for (const { shape, data } of weights.values()) {
    if (shape.length > 1 && scale !== 1) data.set(data.map((value) => value * scale));
  }
  await writeSafetensors(join(dir, 'model.safetensors'), weights);
  const settings = jpegSettingsSchema.parse({ width: side, height: side });
  const codec = { codec: { versions: {}, ...(other ?? { name: 'jpeg', settings }) }, seqLen };
  await writeFile(join(dir, 'codec.json'), JSON.stringify(codec));
  return config;
}
