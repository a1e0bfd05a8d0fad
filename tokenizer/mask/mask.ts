/**
 * Turns a grammar over symbols into one over tokens: at each step it gives the ids that keep a
 * document canonical and leave room to finish it within a length limit.
 *
 * It has no dead ends: a grammar's state can always be finished, by a symbol that
 * brings the end one symbol nearer, and every symbol is a token.
 */
import { CodecLmError } from '../../base/error.ts';
import { type Symbols, unitOf } from '../alphabet.ts';
import { type MaskFamily, maskOf, walkFamily, walkSight } from './family.ts';
import type { Grammar } from './grammar.ts';
import { Memo } from './memo.ts';
import { buildTrie, type Trie } from './trie.ts';

/** The part of a tokenizer that a mask needs. */
export interface MaskVocabulary {
  /** Number of symbols; 256 for bytes. */
  readonly alphabet: number;
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /**
   * The symbols of an id below `vocabSize`; empty for a special token.
   * @throws CodecLmError `TOKEN_INVALID` for an id that is not in use
   */
  tokenSymbols(id: number): Symbols;
}

/** How much may still be written. A limit that is absent does not apply. */
export interface MaskBudget {
  /** Most tokens, including `<eos>`. */
  readonly tokens?: number;
  /** Most symbols of the document. */
  readonly symbols?: number;
}

export interface TokenMaskOptions {
  /** Number of mask families that are kept in memory. */
  readonly capacity?: number;
}

export interface TokenMask<State = number> {
  start(): State;
  /**
   * Bit `id & 31` of word `id >> 5` is 1 for the ids that may come next; never all 0. `<eos>` is
   * allowed exactly at the end of a document, and nothing else is allowed there. Do not change the
   * array: it may be shared. Shape: [ceil(vocabSize / 32)].
   * @throws CodecLmError `CONFIG_INVALID` when the document cannot be finished within the budget
   */
  allowed(state: State, budget?: MaskBudget): Uint32Array;
  /**
   * The state after a token; undefined if the token is not allowed. `<eos>` leaves a complete
   * document as it is.
   */
  advance(state: State, token: number): State | undefined;
  /** A number of tokens that always suffices to finish from here, including `<eos>`. */
  tokensToFinish(state: State): number;
}

const DEFAULT_CAPACITY = 1 << 13;

/**
 * @throws CodecLmError `TOKENIZER_INVALID` when some symbol is not a token of its own
 */
export function createTokenMask<State>(
  grammar: Grammar<State>,
  vocabulary: MaskVocabulary,
  { capacity = DEFAULT_CAPACITY }: TokenMaskOptions = {},
): TokenMask<State> {
  const { vocabSize, eosId } = vocabulary;
  const unit = unitOf(vocabulary.alphabet);
  const symbolsOf = tokenSymbolsOf(vocabulary);
  const trie = buildTrie([...symbolsOf.entries()].filter(([, symbols]) => symbols.length > 0));
  const words = Math.ceil(vocabSize / 32);
  const onlyEos = new Uint32Array(words);
  onlyEos[eosId >> 5] |= 1 << (eosId & 31);
  const families = new Memo<MaskFamily>(capacity);
  const walk = createWalk(grammar, words);
  const { sight } = grammar;

  const familyOf = (state: State): MaskFamily => {
    const key = grammar.contextKey(state, trie.longest);
    let family = families.get(key);
    if (family === undefined) {
      family = sight?.isIn(state)
        ? walkSight(grammar, sight, state, trie, words)
        : walkFamily(grammar, state, trie, words);
      families.set(key, family);
    }
    return family;
  };

  const requireEnough = (state: State, fewest: number, tokens: number, symbols: number): void => {
    if (fewest + 1 <= tokens && fewest <= symbols) return;
    const limit = fewest + 1 > tokens ? `${tokens} tokens` : `${symbols} ${unit}s`;
    throw new CodecLmError(
      'CONFIG_INVALID',
      `the document cannot be finished within ${limit}: ${grammar.describe(state)} needs ` +
        `${fewest} more ${unit}s and <eos>`,
      { hint: 'allow more tokens, or a smaller image' },
    );
  };

  return {
    start: () => grammar.start(),

    allowed(state, { tokens = Infinity, symbols = Infinity } = {}) {
      const isComplete = grammar.isComplete(state);
      let isTight = false;
      if (tokens !== Infinity || symbols !== Infinity) {
        const fewest = grammar.symbolsToFinish(state);
        requireEnough(state, fewest, tokens, symbols);
        const fits = (detour: number) =>
          fewest + detour + 1 <= tokens - 1 && fewest + detour <= symbols - trie.longest;
        isTight = !fits(grammar.longestDetour(state, trie.longest));
        const isSeen = sight?.isIn(state) && fits(sight.longestDetour(state));
        // A mask close to the limit is of little use to other states: do not keep it.
        if (isTight && !isSeen && !isComplete) return walk(trie, state, tokens - 2, symbols);
      }
      if (isComplete) return onlyEos;
      const family = familyOf(state);
      if (family.open === undefined) return maskOf(family, grammar, state);
      const [after, most] = isTight ? [tokens - 2, symbols] : [Infinity, Infinity];
      return walk(family.open, state, after, most, family.always.slice());
    },

    advance(state, token) {
      if (token === eosId) return grammar.isComplete(state) ? state : undefined;
      const symbols = symbolsOf[token];
      if (symbols === undefined || symbols.length === 0) return undefined;
      let after: State | undefined = state;
      for (let i = 0; i < symbols.length && after !== undefined; i++) {
        after = grammar.next(after, symbols[i]);
      }
      return after;
    },

    tokensToFinish: (state) => grammar.symbolsToFinish(state) + 1,
  };
}

/** Whether an id is in a mask. */
export function isInMask(mask: Uint32Array, id: number): boolean {
  return ((mask[id >> 5] >> (id & 31)) & 1) === 1;
}

/** The ids in a mask, ascending. */
export function idsOfMask(mask: Uint32Array): number[] {
  const ids: number[] = [];
  mask.forEach((word, i) => {
    // Each turn clears the lowest 1.
    for (let rest = word; rest !== 0; rest &= rest - 1)
      ids.push(32 * i + 31 - Math.clz32(rest & -rest));
  });
  return ids;
}

/**
 * The symbols of each token, by id; empty for tokens that stand for none and so are never allowed.
 */
function tokenSymbolsOf(vocabulary: MaskVocabulary): Symbols[] {
  const { alphabet, vocabSize, bosId, eosId, padId } = vocabulary;
  const symbolsOf = Array.from({ length: vocabSize }, (_, id) =>
    id === bosId || id === eosId || id === padId ? new Uint8Array() : symbolsInUse(vocabulary, id),
  );
  const single = new Set(symbolsOf.filter(({ length }) => length === 1).map(([symbol]) => symbol));
  const unit = unitOf(alphabet);
  for (let symbol = 0; symbol < alphabet; symbol++) {
    if (single.has(symbol)) continue;
    throw new CodecLmError(
      'TOKENIZER_INVALID',
      `a grammar needs every ${unit} as a token, but ${unit} ${symbol} is not in this vocabulary`,
    );
  }
  return symbolsOf;
}

/** Vocabularies made elsewhere may have gaps between their ids. */
function symbolsInUse(vocabulary: MaskVocabulary, id: number): Symbols {
  try {
    return vocabulary.tokenSymbols(id);
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'TOKEN_INVALID') return new Uint8Array();
    throw error;
  }
}

/**
 * Adds tokens of a trie to a mask: those after which `symbolsToFinish` is at most `mostAfter`, and
 * at most `mostSymbols` when their own symbols are added.
 */
function createWalk<State>(grammar: Grammar<State>, words: number) {
  return (
    { nodes, symbol, depth, skip, firstId, ids }: Trie,
    state: State,
    mostAfter: number,
    mostSymbols: number,
    mask = new Uint32Array(words),
  ): Uint32Array => {
    const limited = mostAfter !== Infinity || mostSymbols !== Infinity;
    const path: State[] = [state];
    for (let node = 0; node < nodes; ) {
      const level = depth[node];
      const after = grammar.next(path[level - 1], symbol[node]);
      if (after === undefined) {
        node = skip[node];
        continue;
      }
      path[level] = after;
      const first = firstId[node];
      const end = firstId[++node];
      if (first === end) continue;
      if (limited) {
        const rest = grammar.symbolsToFinish(after);
        if (rest > mostAfter || rest + level > mostSymbols) continue;
      }
      for (let i = first; i < end; i++) mask[ids[i] >> 5] |= 1 << (ids[i] & 31);
    }
    return mask;
  };
}
