/**
 * Work of a training step, by the convention of PaLM (Chowdhery et al. 2022, arXiv 2204.02311,
 * appendix B): what forward and backward pass need in matrix products, recomputation not counted,
 * and attention without the discount that a causal mask allows.
 */
import type { LlamaConfig } from '../model/config.ts';
import { headSize, parameterCount } from '../model/config.ts';

export const FLOPS_CONVENTION =
  'PaLM appendix B: 6 N + 12 L H Q T a token; N without the input embedding, no discount for the causal mask';

/** Weights in matrix products: looking a row up in the embedding is no work, tied or not the output layer is. */
export function multipliedParameters(config: LlamaConfig): number {
  const embedding = config.vocabSize * config.hiddenSize;
  return parameterCount(config) - (config.tieEmbeddings ? 0 : embedding);
}

/** Floating-point operations a token, forward and backward: two a multiply-add, and the backward pass is twice the forward. */
export function flopsPerToken(config: LlamaConfig, seqLen: number): number {
  const attention = 12 * config.layers * config.heads * headSize(config) * seqLen;
  return 6 * multipliedParameters(config) + attention;
}
