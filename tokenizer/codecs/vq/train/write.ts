/** A trained model as `VQModel.save_pretrained` of diffusers writes it, with the tokenizer of its codes. */
import { join } from 'node:path';
import { replaceFile } from '../../../../base/atomic-file.ts';
import { writeSafetensors } from '../../../../base/safetensors/safetensors.ts';
import type { Weights } from '../../../../base/safetensors/weights.ts';
import { writeTokenizer } from '../../../bpe/files/huggingface.ts';
import { plainTokenizer } from '../../../plain.ts';
import { codeWidth } from '../architecture.ts';
import { CONFIG_FILE, type VqConfig } from '../config.ts';
import { CODEBOOK, VQ_WEIGHTS_FILE } from '../weights.ts';
import type { CodebookState } from './codebook.ts';

/** The weights come before the configuration: a folder with both is whole. */
export async function writeVqModel(
  to: string,
  config: VqConfig,
  { weights, codebook }: { weights: Weights; codebook: CodebookState },
  size: number,
): Promise<void> {
  const shape = [config.num_vq_embeddings, codeWidth(config)];
  const all: Weights = new Map([...weights, [CODEBOOK, { shape, data: codebook.vectors }]]);
  await writeSafetensors(join(to, VQ_WEIGHTS_FILE), all);
  await writeTokenizer(to, plainTokenizer(config.num_vq_embeddings));
  const value = { ...config, sample_size: size };
  await replaceFile(join(to, CONFIG_FILE), `${JSON.stringify(value, null, 2)}\n`);
}
