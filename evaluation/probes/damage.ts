/**
 * One changed symbol: is it found by surprise, and does the model know what stood there (after Pérez et
 * al., arXiv 2405.17146)? Beside each rate stands what chance, or the codec's own check, gets.
 */

import { CodecLmError } from '../../base/error.ts';
import { randomIntegers } from '../../base/random.ts';
import type { Codec, Symbols } from '../../tokenizer/index.ts';
import type { TokenSurprise } from './surprise.ts';

/** How many of the most surprising tokens are looked at, and of the likeliest symbols. */
const FIND_TOPS = [1, 10] as const;
const MEND_TOPS = [1, 5, 10] as const;

export interface Damaged {
  readonly symbols: Symbols;
  /** The symbol that was changed, and what stood there. */
  readonly place: number;
  readonly original: number;
}

export interface DamageResult {
  /** Damaged copies. */
  readonly damaged: number;
  /** Share of them that the codec's check refuses, which does not say where. */
  readonly refused: number;
  /** Share whose changed symbol is in one of the k most surprising tokens, by k. */
  readonly found: Readonly<Record<string, number>>;
  readonly foundByChance: Readonly<Record<string, number>>;
  /** Share whose original symbol is one of the k likeliest at that place, by k; the wrong one is left out. */
  readonly mended: Readonly<Record<string, number>>;
  /** Share whose original is the likeliest symbol of those with which the check passes. */
  readonly mendedWithCheck: number;
  /** The same where one of those is drawn at random: the check without the model. */
  readonly mendedByCheckAlone: number;
}

/** A copy in which one symbol, anywhere, is another one, anything else. */
export function damage(document: Symbols, alphabet: number, seed: readonly number[]): Damaged {
  const random = randomIntegers(...seed);
  const place = random(document.length);
  const original = document[place];
  const symbols = copyOf(document);
  symbols[place] = (original + 1 + random(alphabet - 1)) % alphabet;
  return { symbols, place, original };
}

export class DamageProbe {
  readonly #codec: Codec;
  #count = 0;
  #refused = 0;
  readonly #found = new Map<number, number>();
  readonly #byChance = new Map<number, number>();
  readonly #mended = new Map<number, number>();
  #withCheck = 0;
  #checkAlone = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /**
   * @param surprises tokens of the damaged document, the most surprising first
   * @param likeliest all symbols, the likeliest at the damaged place first
   */
  add(
    { symbols, place, original }: Damaged,
    surprises: readonly TokenSurprise[],
    likeliest: readonly number[],
  ): void {
    this.#count++;
    if (!this.#passes(symbols)) this.#refused++;
    const rank = surprises.findIndex(({ from, end }) => from <= place && place < end);
    for (const top of FIND_TOPS) {
      if (rank >= 0 && rank < top) add(this.#found, top, 1);
      add(this.#byChance, top, Math.min(1, top / surprises.length));
    }
    const candidates = likeliest.filter((symbol) => symbol !== symbols[place]);
    const symbolRank = candidates.indexOf(original);
    for (const top of MEND_TOPS) if (symbolRank < top) add(this.#mended, top, 1);
    const passing = candidates.filter((symbol) => {
      const mended = copyOf(symbols);
      mended[place] = symbol;
      return this.#passes(mended);
    });
    // The original is one of them, so there is one at least.
    if (passing[0] === original) this.#withCheck++;
    this.#checkAlone += 1 / passing.length;
  }

  finish(): DamageResult {
    const share = (count: number) => count / this.#count;
    const shares = (tops: readonly number[], counts: ReadonlyMap<number, number>) =>
      Object.fromEntries(tops.map((top) => [`top${top}`, share(counts.get(top) ?? 0)]));
    return {
      damaged: this.#count,
      refused: share(this.#refused),
      found: shares(FIND_TOPS, this.#found),
      foundByChance: shares(FIND_TOPS, this.#byChance),
      mended: shares(MEND_TOPS, this.#mended),
      mendedWithCheck: share(this.#withCheck),
      mendedByCheckAlone: share(this.#checkAlone),
    };
  }

  #passes(symbols: Symbols): boolean {
    try {
      this.#codec.check(symbols);
      return true;
    } catch (error) {
      if (error instanceof CodecLmError) return false;
      throw error;
    }
  }
}

function add(counts: Map<number, number>, key: number, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** Not `slice`, which makes a view of a Buffer that shares its memory. */
function copyOf(symbols: Symbols): Symbols {
  return symbols instanceof Uint8Array ? Uint8Array.from(symbols) : Uint16Array.from(symbols);
}
