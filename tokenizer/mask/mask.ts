/**
 * A grammar over bytes as a grammar over tokens: at each step the ids that keep a
 * document canonical, and that leave room to finish it within a length limit.
 *
 * It has no dead ends: a grammar's state can always be finished, by a byte that
 * brings the end one byte nearer, and every byte is a token.
 */
import { CodecLmError } from '../../base/error.ts';
import { type MaskFamily, maskOf, walkFamily, walkSight } from './family.ts';
import type { Grammar } from './grammar.ts';
import { Memo } from './memo.ts';
import { buildTrie, type Trie } from './trie.ts';

/** What a mask needs to know of a tokenizer. */
export interface MaskVocabulary {
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /**
   * The bytes of an id below `vocabSize`; empty for a special one.
   * @throws CodecLmError `TOKEN_INVALID` for an id that is not in use
   */
  tokenBytes(id: number): Uint8Array;
}

/** What may still be written. What is left out is not limited. */
export interface MaskBudget {
  /** Tokens, `<eos>` included. */
  readonly tokens?: number;
  /** Bytes of the document. */
  readonly bytes?: number;
}

export interface TokenMaskOptions {
  /** Families of masks kept in memory. */
  readonly capacity?: number;
}

export interface TokenMask<State = number> {
  start(): State;
  /**
   * Bit `id & 31` of word `id >> 5` is 1 for the ids that may come next; never all 0.
   * `<eos>` is among them exactly at the end of a document, and then alone. The
   * array may be shared: read it only. Shape: [ceil(vocabSize / 32)].
   * @throws CodecLmError `CONFIG_INVALID` when the document cannot be finished within the budget
   */
  allowed(state: State, budget?: MaskBudget): Uint32Array;
  /** The state after a token, or undefined where it is not allowed. `<eos>` leaves a complete document as it is. */
  advance(state: State, token: number): State | undefined;
  /** Tokens that always suffice to finish from here, `<eos>` included. */
  tokensToFinish(state: State): number;
}

const DEFAULT_CAPACITY = 1 << 13;

/**
 * @throws CodecLmError `TOKENIZER_INVALID` when some byte is not a token of its own
 */
export function createTokenMask<State>(
  grammar: Grammar<State>,
  vocabulary: MaskVocabulary,
  { capacity = DEFAULT_CAPACITY }: TokenMaskOptions = {},
): TokenMask<State> {
  const { vocabSize, eosId } = vocabulary;
  const bytesOf = tokenBytesOf(vocabulary);
  const trie = buildTrie([...bytesOf.entries()].filter(([, bytes]) => bytes.length > 0));
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

  const requireEnough = (state: State, fewest: number, tokens: number, bytes: number): void => {
    if (fewest + 1 <= tokens && fewest <= bytes) return;
    const limit = fewest + 1 > tokens ? `${tokens} tokens` : `${bytes} bytes`;
    throw new CodecLmError(
      'CONFIG_INVALID',
      `the document cannot be finished within ${limit}: ${grammar.describe(state)} needs ` +
        `${fewest} more bytes and <eos>`,
      { hint: 'allow more tokens, or a smaller image' },
    );
  };

  return {
    start: () => grammar.start(),

    allowed(state, { tokens = Infinity, bytes = Infinity } = {}) {
      const isComplete = grammar.isComplete(state);
      let isTight = false;
      if (tokens !== Infinity || bytes !== Infinity) {
        const fewest = grammar.bytesToFinish(state);
        requireEnough(state, fewest, tokens, bytes);
        const fits = (detour: number) =>
          fewest + detour + 1 <= tokens - 1 && fewest + detour <= bytes - trie.longest;
        isTight = !fits(grammar.longestDetour(state, trie.longest));
        const isSeen = sight?.isIn(state) && fits(sight.longestDetour(state));
        // Close to the limit a mask is worth little to others: it is made and not kept.
        if (isTight && !isSeen && !isComplete) return walk(trie, state, tokens - 2, bytes);
      }
      if (isComplete) return onlyEos;
      const family = familyOf(state);
      if (family.open === undefined) return maskOf(family, grammar, state);
      const [after, most] = isTight ? [tokens - 2, bytes] : [Infinity, Infinity];
      return walk(family.open, state, after, most, family.always.slice());
    },

    advance(state, token) {
      if (token === eosId) return grammar.isComplete(state) ? state : undefined;
      const bytes = bytesOf[token];
      if (bytes === undefined || bytes.length === 0) return undefined;
      let after: State | undefined = state;
      for (let i = 0; i < bytes.length && after !== undefined; i++) {
        after = grammar.next(after, bytes[i]);
      }
      return after;
    },

    tokensToFinish: (state) => grammar.bytesToFinish(state) + 1,
  };
}

/** Whether an id is in a mask. */
export function isInMask(mask: Uint32Array, id: number): boolean {
  return ((mask[id >> 5] >> (id & 31)) & 1) === 1;
}

/** The ids of a mask, ascending. */
export function idsOfMask(mask: Uint32Array): number[] {
  const ids: number[] = [];
  mask.forEach((word, i) => {
    // The lowest 1 is taken off at each turn.
    for (let rest = word; rest !== 0; rest &= rest - 1)
      ids.push(32 * i + 31 - Math.clz32(rest & -rest));
  });
  return ids;
}

/** By id, the bytes of a token; empty for those that stand for none and so are never allowed. */
function tokenBytesOf(vocabulary: MaskVocabulary): Uint8Array[] {
  const { vocabSize, bosId, eosId, padId } = vocabulary;
  const bytesOf = Array.from({ length: vocabSize }, (_, id) =>
    id === bosId || id === eosId || id === padId ? new Uint8Array() : bytesInUse(vocabulary, id),
  );
  const single = new Set(bytesOf.filter((bytes) => bytes.length === 1).map(([byte]) => byte));
  for (let byte = 0; byte < 256; byte++) {
    if (single.has(byte)) continue;
    throw new CodecLmError(
      'TOKENIZER_INVALID',
      `a grammar needs every byte as a token, and byte ${byte} is none of this vocabulary`,
    );
  }
  return bytesOf;
}

/** Vocabularies made elsewhere may have gaps between their ids. */
function bytesInUse(vocabulary: MaskVocabulary, id: number): Uint8Array {
  try {
    return vocabulary.tokenBytes(id);
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'TOKEN_INVALID') return new Uint8Array();
    throw error;
  }
}

/**
 * Adds to a mask the tokens of a trie after which `bytesToFinish` is at most `mostAfter`, and
 * at most `mostBytes` with their own bytes.
 */
function createWalk<State>(grammar: Grammar<State>, words: number) {
  return (
    { nodes, byte, depth, skip, firstId, ids }: Trie,
    state: State,
    mostAfter: number,
    mostBytes: number,
    mask = new Uint32Array(words),
  ): Uint32Array => {
    const limited = mostAfter !== Infinity || mostBytes !== Infinity;
    const path: State[] = [state];
    for (let node = 0; node < nodes; ) {
      const level = depth[node];
      const after = grammar.next(path[level - 1], byte[node]);
      if (after === undefined) {
        node = skip[node];
        continue;
      }
      path[level] = after;
      const first = firstId[node];
      const end = firstId[++node];
      if (first === end) continue;
      if (limited) {
        const rest = grammar.bytesToFinish(after);
        if (rest > mostAfter || rest + level > mostBytes) continue;
      }
      for (let i = first; i < end; i++) mask[ids[i] >> 5] |= 1 << (ids[i] & 31);
    }
    return mask;
  };
}
