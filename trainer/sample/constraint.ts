/** Applies the codec's grammar to samples. */

import { CodecLmError } from '../../base/error.ts';
import { type Codec, createDocumentMask, type Tokenizer } from '../../tokenizer/index.ts';
import type { Constraint } from './draw.ts';

/**
 * Makes the constraint of one sample.
 * @param prompt ids that the sample begins with, without `<bos>`
 * @param maxTokens most tokens that the sample may draw, including `<eos>`
 * @throws CodecLmError `CONFIG_INVALID` when no image can be finished within `maxTokens`;
 *   `TOKEN_INVALID` for a prompt with which no document begins
 */
export type ConstraintFactory = (
  prompt: ArrayLike<number>,
  maxTokens: number,
  options?: ConstraintOptions,
) => Constraint;

export interface ConstraintOptions {
  /**
   * Allow a `maxTokens` that cannot suffice: the sample is then the beginning of a document instead
   * of an error.
   */
  mayEndEarly?: boolean;
}

/** Makes constraints that share their masks. */
export function grammarConstraints(
  { definition, width, height, ...codec }: Codec,
  tokenizer: Tokenizer,
): ConstraintFactory {
  const mask = createDocumentMask(codec.grammar(), tokenizer);
  const what = `${definition.documentNoun} of ${width}x${height}`;
  return (prompt, maxTokens, { mayEndEarly = false } = {}) => {
    let state = mask.start();
    for (let i = 0; i < prompt.length; i++) {
      const next = prompt[i] === tokenizer.eosId ? undefined : mask.advance(state, prompt[i]);
      if (next === undefined) {
        throw new CodecLmError(
          'TOKEN_INVALID',
          `token ${i} of the prompt (id ${prompt[i]}) continues no ${what}`,
          { hint: 'give the beginning of a canonical document, or sample without the grammar' },
        );
      }
      state = next;
    }
    const fewest = mask.tokensToFinish(state);
    const isLimited = fewest <= maxTokens;
    if (!isLimited && !mayEndEarly) {
      throw new CodecLmError(
        'CONFIG_INVALID',
        `a ${what} may need ${fewest} tokens to finish, but only ${maxTokens} are allowed`,
        { hint: 'raise `maxTokens`, or sample without the grammar with `grammar: false`' },
      );
    }
    return {
      allowed: (remaining) => mask.allowed(state, isLimited ? { tokens: remaining } : {}),
      accept(id) {
        const next = mask.advance(state, id);
        if (next === undefined) {
          throw new CodecLmError(
            'INTERNAL',
            `token ${id} was drawn although the grammar forbids it`,
          );
        }
        state = next;
      },
    };
  };
}
