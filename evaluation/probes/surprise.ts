/** How many bits each token of a document takes, and what symbol a model expects at a place. */
import type { Symbols, Tokenizer } from '../../tokenizer/index.ts';
import { checkLogits } from '../../trainer/sample/draw.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';

/** Symbols from..end that a token stands for, and its bits. */
export interface TokenSurprise {
  readonly from: number;
  readonly end: number;
  readonly bits: number;
}

/** The tokens by falling bits; of equal ones the first comes first. */
export function bySurprise(
  ids: ArrayLike<number>,
  tokenBits: Float64Array,
  tokenizer: Tokenizer,
): TokenSurprise[] {
  const tokens: TokenSurprise[] = [];
  let from = 0;
  for (const [i, bits] of tokenBits.entries()) {
    const end = from + tokenizer.tokenSymbols(ids[i + 1]).length;
    if (end > from) tokens.push({ from, end, bits });
    from = end;
  }
  return tokens.sort((a, b) => b.bits - a.bits || a.from - b.from);
}

/**
 * Symbols that may come after a beginning, the likeliest first. A merge may reach over the end of the
 * beginning, so its last token is taken back: either it comes again and a token that begins with the
 * symbol follows, or a longer token comes that begins with both.
 */
export async function rankNextSymbol(
  beginning: Symbols,
  tokenizer: Tokenizer,
  engine: Engine,
): Promise<number[]> {
  const ids = [tokenizer.bosId, ...tokenizer.encode(beginning)];
  const last = ids.length > 1 ? ids.at(-1) : undefined;
  const [before, after] = await lastLogits(ids, engine);
  const chances = new Float64Array(tokenizer.alphabet);
  const again = last === undefined ? 1 : before[last];
  const stem = last === undefined ? [] : tokenizer.tokenSymbols(last);
  for (let id = 0; id < after.length; id++) {
    if (id >= tokenizer.vocabSize) break;
    const symbols = tokenizer.tokenSymbols(id);
    if (symbols.length === 0) continue;
    chances[symbols[0]] += again * after[id];
    const isLonger = stem.length > 0 && symbols.length > stem.length;
    if (isLonger && stem.every((symbol, i) => symbols[i] === symbol)) {
      chances[symbols[stem.length]] += before[id];
    }
  }
  const order = Array.from({ length: tokenizer.alphabet }, (_, symbol) => symbol);
  return order.sort((a, b) => chances[b] - chances[a] || a - b);
}

/** Probabilities after the last token but one, and after the last; the same ones twice where there is one token. */
async function lastLogits(
  ids: readonly number[],
  engine: Engine,
): Promise<[Float64Array, Float64Array]> {
  const sequence = engine.open(ids.length)!;
  const found: Float64Array[] = [];
  for (let from = 0; from < ids.length; from += engine.maxRows) {
    const rows = ids.slice(from, from + engine.maxRows).map((id, i) => {
      return { sequence, id, wantsLogits: from + i >= ids.length - 2 };
    });
    for (const logits of await engine.step(rows)) found.push(probabilities(logits));
  }
  engine.close(sequence);
  return [found[0], found[found.length - 1]];
}

function probabilities(logits: Float32Array): Float64Array {
  checkLogits(logits);
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
