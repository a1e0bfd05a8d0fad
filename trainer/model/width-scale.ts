/**
 * muP (Yang et al. 2022, arXiv 2203.03466): rates and initial weights that carry over from a narrow
 * model to a wide one. This is the form of its table 3 for Adam, which needs no multipliers in the
 * model, so that a checkpoint stays a plain Llama:
 *
 *     |                    | initial deviation | rate |
 *     |--------------------|-------------------|------|
 *     | embedding, norms   | 1                 | 1    |
 *     | matrices of blocks | 1 / √r            | 1/r  |
 *     | output layer       | 1 / r             | 1/r  |
 *
 * r is hiddenSize / baseWidth. Attention divides by the root of the head size: widen a model by more
 * heads of the same size, and with the same ratio of intermediateSize to hiddenSize.
 */

export interface WidthScale {
  /** Factor of the deviation of the initial weights. */
  deviation: number;
  /** Factor of the learning rate. */
  rate: number;
}

const UNSCALED: WidthScale = { deviation: 1, rate: 1 };

/**
 * @param name a parameter, by its Hugging Face name
 * @param rank number of its dimensions: a norm has 1
 * @param ratio hiddenSize over the width at which the rates were found; 1 scales nothing
 */
export function widthScale(name: string, rank: number, ratio: number): WidthScale {
  if (ratio === 1 || rank === 1 || name.includes('embed_tokens')) return UNSCALED;
  const isOutput = name.startsWith('lm_head');
  return { deviation: isOutput ? 1 / ratio : 1 / Math.sqrt(ratio), rate: 1 / ratio };
}

/** @param baseWidth 0 where nothing is scaled */
export function widthRatio(hiddenSize: number, baseWidth: number): number {
  return baseWidth > 0 ? hiddenSize / baseWidth : 1;
}
