/** A model of 25 million parameters with random weights, as a checkpoint that others load too. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../base/safetensors/safetensors.ts';
import { writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import type { Merge } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { jpegSettingsSchema } from '../../tokenizer/codecs/jpeg/settings.ts';
import { configToHuggingFace, type LlamaConfig } from '../../trainer/model/config.ts';
import { initialWeights } from '../../trainer/model/init.ts';

/** Room for the longest sequence of the table. */
export const POSITIONS = 8448;
const MERGES = 320;
const SEED = 1;

export async function makeCheckpoint(dir: string): Promise<LlamaConfig> {
  // Pairs of bytes that are in no header, so that the vocabulary has its usual size.
  const merges = Array.from({ length: MERGES }, (_, i): Merge => [i % 64, 64 + (i >> 6)]);
  const tokenizer = new ByteBpe(merges);
  const config: LlamaConfig = {
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 512,
    layers: 8,
    heads: 8,
    kvHeads: 8,
    intermediateSize: 1376,
    ropeTheta: 10_000,
    normEps: 1e-5,
    tieEmbeddings: false,
    maxPositions: POSITIONS,
    bosId: tokenizer.bosId,
    eosId: tokenizer.eosId,
    padId: tokenizer.padId,
  };
  await mkdir(dir, { recursive: true });
  await writeTokenizer(dir, tokenizer);
  await writeFile(join(dir, 'config.json'), JSON.stringify(configToHuggingFace(config)));
  await writeSafetensors(join(dir, 'model.safetensors'), initialWeights(config, SEED));
  const settings = jpegSettingsSchema.parse({ width: 256, height: 256 });
  const codec = { codec: { name: 'jpeg', settings, versions: {} }, seqLen: POSITIONS };
  await writeFile(join(dir, 'codec.json'), JSON.stringify(codec));
  return config;
}
