/**
 * One changed symbol: is it found by surprise, and does the model know what stood there (after Pérez et
 * al., arXiv 2405.17146)? Beside each rate stands what chance, or the codec's own check, gets.
 */

import { CodecLmError } from '../../base/error.ts';
import { randomIntegers } from '../../base/random.ts';
import type { Codec, Symbols } from '../../tokenizer/index.ts';
import type { PlacesByBits } from './places.ts';
import type { TokenSurprise } from './surprise.ts';

/** How many of the most surprising tokens are looked at, and of the likeliest symbols. */
const FIND_TOPS = [1, 10] as const;
const PLACE_TOPS = [1, 3] as const;
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
  /**
   * Share whose changed symbol lies in one of the k places of the picture (MCUs, macroblocks, the header)
   * that take the most bits. A changed symbol breaks the merges around it too, so that the most
   * surprising token may lie a few beside it. Undefined where the codec knows no places.
   */
  readonly foundPlace?: Readonly<Record<string, number>>;
  readonly foundPlaceByChance?: Readonly<Record<string, number>>;
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

/** What was found of one damaged copy, as numbers that ranks can exchange. */
export interface DamageOutcome {
  /** 1 or 0. */
  readonly isRefused: number;
  /** Position of the token with the changed symbol among the most surprising ones, and how many there are. */
  readonly tokenRank: number;
  readonly tokens: number;
  /** Position of the place with the changed symbol among those with the most bits, and how many there are; 0 of none. */
  readonly placeRank: number;
  readonly places: number;
  /** Position of the original among the likeliest symbols, without the wrong one. */
  readonly symbolRank: number;
  /** Symbols with which the check passes, and whether the original is the likeliest of these, 1 or 0. */
  readonly passing: number;
  readonly isFirstPassing: number;
}

const FIELDS = [
  ...(['isRefused', 'tokenRank', 'tokens', 'placeRank', 'places'] as const),
  ...(['symbolRank', 'passing', 'isFirstPassing'] as const),
];

export const OUTCOME_NUMBERS = FIELDS.length;

export function numbersOfOutcome(outcome: DamageOutcome): Float64Array {
  return Float64Array.from(FIELDS, (field) => outcome[field]);
}

function outcomeOfNumbers(numbers: Float64Array): DamageOutcome {
  return Object.fromEntries(
    FIELDS.map((field, i) => [field, numbers[i]]),
  ) as unknown as DamageOutcome;
}

/**
 * @param surprises tokens of the damaged document, the most surprising first
 * @param likeliest all symbols, the likeliest at the damaged place first
 */
export function outcomeOf(
  codec: Codec,
  { symbols, place, original }: Damaged,
  surprises: readonly TokenSurprise[],
  { byBits, damaged }: PlacesByBits,
  likeliest: readonly number[],
): DamageOutcome {
  const rank = surprises.findIndex(({ from, end }) => from <= place && place < end);
  const candidates = likeliest.filter((symbol) => symbol !== symbols[place]);
  // The original is one of them, so there is one at least.
  const passing = candidates.filter((symbol) => {
    const mended = copyOf(symbols);
    mended[place] = symbol;
    return passes(codec, mended);
  });
  return {
    isRefused: passes(codec, symbols) ? 0 : 1,
    tokenRank: rank < 0 ? surprises.length : rank,
    tokens: surprises.length,
    placeRank: Math.max(0, byBits.indexOf(damaged)),
    places: byBits.length,
    symbolRank: candidates.indexOf(original),
    passing: passing.length,
    isFirstPassing: passing[0] === original ? 1 : 0,
  };
}

/** @param numbers of the outcome of each damaged copy */
export function damageResult(numbers: readonly Float64Array[]): DamageResult {
  const outcomes = numbers.map(outcomeOfNumbers);
  const mean = (numberOf: (outcome: DamageOutcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + numberOf(outcome), 0) / outcomes.length;
  const means = (
    tops: readonly number[],
    numberOf: (outcome: DamageOutcome, top: number) => number,
  ) =>
    Object.fromEntries(tops.map((top) => [`top${top}`, mean((outcome) => numberOf(outcome, top))]));
  const hasPlaces = outcomes.every(({ places }) => places > 0);
  return {
    damaged: outcomes.length,
    refused: mean(({ isRefused }) => isRefused),
    found: means(FIND_TOPS, ({ tokenRank }, top) => (tokenRank < top ? 1 : 0)),
    foundByChance: means(FIND_TOPS, ({ tokens }, top) => Math.min(1, top / tokens)),
    ...(hasPlaces && {
      foundPlace: means(PLACE_TOPS, ({ placeRank }, top) => (placeRank < top ? 1 : 0)),
      foundPlaceByChance: means(PLACE_TOPS, ({ places }, top) => Math.min(1, top / places)),
    }),
    mended: means(MEND_TOPS, ({ symbolRank }, top) => (symbolRank < top ? 1 : 0)),
    mendedWithCheck: mean(({ isFirstPassing }) => isFirstPassing),
    mendedByCheckAlone: mean(({ passing }) => 1 / passing),
  };
}

function passes(codec: Codec, symbols: Symbols): boolean {
  try {
    codec.check(symbols);
    return true;
  } catch (error) {
    if (error instanceof CodecLmError) return false;
    throw error;
  }
}

/** Not `slice`, which makes a view of a Buffer that shares its memory. */
function copyOf(symbols: Symbols): Symbols {
  return symbols instanceof Uint8Array ? Uint8Array.from(symbols) : Uint16Array.from(symbols);
}
