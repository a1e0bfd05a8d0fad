/**
 * Work of a training step by the convention of PaLM (Chowdhery et al. 2022, arXiv 2204.02311,
 * appendix B): the matrix products of forward and backward pass, without recomputation; attention
 * counts without the discount for a causal mask.
 */
import type { LlamaConfig } from '../model/config.ts';
import { headSize, parameterCount } from '../model/config.ts';

export const FLOPS_CONVENTION =
  'PaLM appendix B: 6 N + 12 L H Q T per token; N without the input embedding, no discount for the causal mask';

/**
 * Number of weights in matrix products. An embedding lookup is not counted; the output layer is,
 * tied or not.
 */
function multipliedParameters(config: LlamaConfig): number {
  const embedding = config.vocabSize * config.hiddenSize;
  return parameterCount(config) - (config.tieEmbeddings ? 0 : embedding);
}

/**
 * Floating-point operations per token, forward and backward: two per multiply-add, and the backward
 * pass costs twice the forward pass.
 */
export function flopsPerToken(config: LlamaConfig, seqLen: number): number {
  const attention = 12 * config.layers * config.heads * headSize(config) * seqLen;
  return 6 * multipliedParameters(config) + attention;
}
