/** Values that follow from a configuration once the dataset and the number of ranks are known. */
import { CodecLmError } from '../../base/error.ts';
import { specialIds } from '../../schemas/dataset.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import type { LlamaConfig } from '../model/config.ts';

/** A configuration without open values. */
export type ResolvedConfig = TrainerConfig & { train: { seqLen: number } };

/**
 * Micro batches per step and rank.
 * @throws CodecLmError `CONFIG_INVALID` when the global batch cannot be divided evenly
 */
export function accumulationOf({ train }: TrainerConfig, ranks: number): number {
  const { globalBatch, microBatch, gradAccumulation } = train;
  if (globalBatch === undefined) return gradAccumulation;
  const accumulation = globalBatch / (microBatch * ranks);
  if (Number.isInteger(accumulation)) return accumulation;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `train.globalBatch ${globalBatch} is not a multiple of train.microBatch ${microBatch} on ${ranks} rank(s)`,
    { hint: 'change one of them, or the number of ranks' },
  );
}

/**
 * Whether blocks are computed again for their gradients. With ZeRO-3 they always are: a recording
 * would hold on to the weights that were gathered.
 */
export function checkpointingOf({ train, optim }: TrainerConfig): boolean {
  return train.checkpointing || optim.zero === 3;
}

/**
 * Configuration of the model that is trained: its sizes come from the configuration, its number of
 * ids from the tokenizer.
 */
export function llamaConfig({ model, train }: ResolvedConfig, vocabSize: number): LlamaConfig {
  const { preset: _, ...shape } = model;
  return { ...shape, ...specialIds(vocabSize), vocabSize, maxPositions: train.seqLen };
}
