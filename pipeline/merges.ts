/** Decides the number of merges that a run learns. */
import { CodecLmError } from '../base/error.ts';

/**
 * The number of merges from `merges` or `vocabSize`, which differ by 256.
 * @throws CodecLmError `USAGE` when both are given and disagree
 */
export function resolveMerges(
  options: { merges?: number; vocabSize?: number },
  byDefault: number,
): number {
  const { merges, vocabSize } = options;
  if (vocabSize === undefined) return merges ?? byDefault;
  if (merges !== undefined && merges !== vocabSize - 256) {
    throw new CodecLmError(
      'USAGE',
      `\`merges\` ${merges} and \`vocabSize\` ${vocabSize} disagree: \`vocabSize\` ${merges + 256} is \`merges\` ${merges}`,
      { hint: 'give one of them' },
    );
  }
  return vocabSize - 256;
}
