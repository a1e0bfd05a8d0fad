/** The codec's grammar as what may follow in each sample. */

import { CodecLmError } from '../../base/error.ts';
import { type Codec, createTokenMask, type Tokenizer } from '../../tokenizer/index.ts';
import type { Constraint } from './draw.ts';

/**
 * Makes the constraint of one sample.
 * @param prompt ids that the sample begins with, without `<bos>`
 * @param maxTokens that the sample may draw, `<eos>` counted
 * @throws CodecLmError `CONFIG_INVALID` when no image can be finished within `maxTokens`;
 *   `TOKEN_INVALID` for a prompt that no document begins with
 */
export type ConstraintFactory = (
  prompt: ArrayLike<number>,
  maxTokens: number,
  options?: ConstraintOptions,
) => Constraint;

export interface ConstraintOptions {
  /** Where `maxTokens` cannot suffice: the beginning of a document instead of an error. */
  mayEndEarly?: boolean;
}

/** Masks are shared between all samples. */
export function grammarConstraints(
  { definition, width, height, ...codec }: Codec,
  tokenizer: Tokenizer,
): ConstraintFactory {
  const mask = createTokenMask(codec.grammar(), tokenizer);
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
        `a ${what} may take ${fewest} tokens to finish at least, only ${maxTokens} are allowed`,
        { hint: 'raise `maxTokens`, or sample without the grammar by `grammar: false`' },
      );
    }
    return {
      allowed: (remaining) => mask.allowed(state, isLimited ? { tokens: remaining } : {}),
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
