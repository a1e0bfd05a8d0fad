/** Applies the codec's grammar to samples. */

import { CodecLmError } from '../../base/error.ts';
import {
  type Codec,
  createDocumentMask,
  isInMask,
  type Symbols,
  type Tokenizer,
  type TokenMask,
} from '../../tokenizer/index.ts';
import { anyBut, type Constraint } from './draw.ts';
import { beginsWith } from './prompt.ts';

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
        `one ${what} may need ${fewest} tokens to finish, but only ${maxTokens} are allowed`,
        { hint: 'raise `maxTokens`, or sample without the grammar with `grammar: false`' },
      );
    }
    return followGrammar(mask, state, isLimited);
  };
}

/** @param isLimited whether the document has to end within the tokens that remain */
function followGrammar<State>(
  mask: TokenMask<State>,
  start: State,
  isLimited: boolean,
): Constraint {
  let state = start;
  return {
    allowed: (remaining) => mask.allowed(state, isLimited ? { tokens: remaining } : {}),
    accept(id) {
      const next = mask.advance(state, id);
      if (next === undefined) {
        throw new CodecLmError('INTERNAL', `token ${id} was drawn although the grammar forbids it`);
      }
      state = next;
    },
    fork: () => followGrammar(mask, state, isLimited),
  };
}

/**
 * Allows only tokens that agree with the given symbols until all of them have been drawn; a token may
 * reach beyond the last of them.
 * @param rest given symbols that the prompt's ids leave out
 * @param inner what limits the tokens besides
 */
export function healed(rest: Symbols, tokenizer: Tokenizer, inner: Constraint): Constraint {
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  return healing(
    rest,
    ids.map((id) => tokenizer.tokenSymbols(id)),
    inner,
  );
}

function healing(rest: Symbols, tokens: readonly Symbols[], inner: Constraint): Constraint {
  let missing = rest;
  return {
    allowed(remaining) {
      const otherwise = inner.allowed(remaining);
      if (missing.length === 0) return otherwise;
      const allowed = new Uint32Array(otherwise.length);
      for (const [id, symbols] of tokens.entries()) {
        if (symbols.length === 0 || !isInMask(otherwise, id)) continue;
        if (beginsWith(symbols, missing) || beginsWith(missing, symbols)) {
          allowed[id >> 5] |= 1 << (id & 31);
        }
      }
      if (allowed.some((word) => word !== 0)) return allowed;
      throw new CodecLmError('CONFIG_INVALID', 'the prompt leaves no room for its last tokens', {
        hint: 'raise `maxTokens`, or sample without `tokenHealing`',
      });
    },
    accept(id) {
      missing = missing.subarray(Math.min(tokens[id].length, missing.length));
      inner.accept(id);
    },
    fork: () => healing(missing, tokens, inner.fork()),
  };
}

/** Allows every id but these. */
export function freeConstraint(bannedIds: readonly number[], vocabSize: number): Constraint {
  const allowed = anyBut(bannedIds, vocabSize);
  const free: Constraint = { allowed: () => allowed, accept() {}, fork: () => free };
  return free;
}
