/** Opens the tokenizer of a dataset, and checks that the shards were made with it. */

import { CodecLmError } from '../../base/error.ts';
import { joinPlace, storageAt } from '../../base/storage/index.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { tokenizerHash } from './manifest.ts';

/**
 * The facts about a dataset that this check needs: its folder, and the tokenizer hash of its
 * shards.
 */
interface Tokenized {
  dir: string;
  tokenizerDir: string;
  manifest: Manifest;
}

/** @throws CodecLmError `DATASET_INVALID` when tokenizer.json is missing or another one */
export async function checkTokenizer({
  tokenizerDir,
  manifest,
}: Pick<Tokenized, 'tokenizerDir' | 'manifest'>): Promise<void> {
  const path = joinPlace(tokenizerDir, 'tokenizer.json');
  const hint = 'restore the tokenizer.json that the dataset was made with';
  const bytes = await storageAt(path)
    .read(path)
    .catch((cause: CodecLmError) => {
      if (cause.code !== 'INPUT_NOT_FOUND') throw cause;
      throw new CodecLmError('DATASET_INVALID', cause.message, { cause, path, hint });
    });
  const found = tokenizerHash(bytes);
  if (found === manifest.tokenizerHash) return;
  const message = `${path} is another tokenizer: sha256 ${found}; the manifest says ${manifest.tokenizerHash}`;
  throw new CodecLmError('DATASET_INVALID', message, { path, hint });
}

export async function readTokenizerOf(dataset: Tokenized): Promise<Tokenizer> {
  await checkTokenizer(dataset);
  const { readTokenizer } = await import('../../tokenizer/bpe/files/huggingface.ts');
  const tokenizer = await readTokenizer(dataset.tokenizerDir);
  if (tokenizer.vocabSize === dataset.manifest.vocabSize) return tokenizer;
  throw new CodecLmError(
    'DATASET_INVALID',
    `${dataset.dir}: the tokenizer has ${tokenizer.vocabSize} ids; the manifest says ${dataset.manifest.vocabSize}`,
  );
}

/**
 * Checks the files that other programs read beside tokenizer.json. Their content follows from the
 * tokenizer and the row length.
 */
export async function checkCompanions(
  dataset: Tokenized,
  { vocabulary }: Tokenizer,
): Promise<void> {
  const { specialTokensMapJson, tokenizerConfigJson } = await import(
    '../../tokenizer/bpe/files/json.ts'
  );
  const extra = { model_max_length: dataset.manifest.seqLen };
  const expected = {
    'special_tokens_map.json': specialTokensMapJson(vocabulary),
    'tokenizer_config.json': tokenizerConfigJson(vocabulary, extra),
  };
  for (const [name, text] of Object.entries(expected)) {
    const path = joinPlace(dataset.tokenizerDir, name);
    const found = (await storageAt(path).read(path)).toString('utf8');
    if (found === text) continue;
    throw new CodecLmError(
      'DATASET_INVALID',
      `${path} is not the one that belongs to the tokenizer`,
    );
  }
}
