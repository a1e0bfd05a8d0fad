/** The codec's grammar as what may follow in each sample. */
import { CodecLmError } from '../../schemas/error.ts';
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { createJpegGrammar } from '../../tokenizer/jpeg/grammar.ts';
import { createTokenMask } from '../../tokenizer/mask.ts';
import type { SamplingCodec } from './codec.ts';
import type { Constraint } from './decode.ts';

/**
 * @param prompt ids that every sample begins with, without `<bos>`
 * @param maxTokens that a sample may draw, `<eos>` counted
 * @returns makes the constraint of one sample; masks are shared between all of them
 * @throws CodecLmError `CONFIG_INVALID` when no image can be finished within `maxTokens`
 */
export function grammarConstraints(
  { width, height, quality }: SamplingCodec,
  tokenizer: ByteBpe,
  prompt: ArrayLike<number>,
  maxTokens: number,
): () => Constraint {
  const grammar = createJpegGrammar({ width, height, quality });
  const mask = createTokenMask(grammar, tokenizer);
  let afterPrompt = mask.start();
  for (let i = 0; i < prompt.length; i++) {
    const next = mask.advance(afterPrompt, prompt[i]);
    if (next === undefined) {
      throw new CodecLmError('INTERNAL', `token ${i} of the prompt breaks the grammar`);
    }
    afterPrompt = next;
  }
  const fewest = mask.tokensToFinish(afterPrompt);
  if (fewest > maxTokens) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `an image of ${width}x${height} may take ${fewest} tokens to finish at least, only ${maxTokens} are allowed`,
      { hint: 'raise --max-tokens, or sample without the grammar by --grammar off' },
    );
  }
  return () => {
    let state = afterPrompt;
    return {
      allowed: (remaining) => mask.allowed(state, { tokens: remaining }),
      accept(id) {
        const next = mask.advance(state, id);
        if (next === undefined) {
          throw new CodecLmError('INTERNAL', `token ${id} was drawn against the grammar`);
        }
        state = next;
      },
    };
  };
}
