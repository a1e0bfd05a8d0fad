/** One continuation on its way to the client: text, stop texts and log-probabilities. */
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { RatedToken } from '../sample/draw.ts';
import { specialNames, textOf } from './text.ts';

/**
 * Log-probabilities in the form of OpenAI's completions, one entry per token. Nothing predicts the
 * first token of a prompt.
 */
export interface LogProbabilities {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}

export interface Piece {
  text: string;
  logprobs: LogProbabilities | null;
}

export class Choice {
  readonly #tokenizer: Tokenizer;
  readonly #names: ReadonlyMap<number, string>;
  readonly #stop: readonly string[];
  readonly #logprobs: number | undefined;
  /**
   * Number of characters at the end of the text that are held back because a stop text may begin
   * there.
   */
  readonly #held: number;
  /** Text of the prompt, if it is echoed; sent before the first piece. */
  #echo = '';
  #echoLength = 0;
  #text = '';
  #sent = 0;
  #pending: LogProbabilities | null = null;

  constructor(tokenizer: Tokenizer, stop: readonly string[], logprobs: number | undefined) {
    this.#tokenizer = tokenizer;
    this.#names = new Map([...specialNames(tokenizer)].map(([name, id]) => [id, name]));
    this.#stop = stop;
    this.#logprobs = logprobs;
    this.#held = Math.max(0, ...stop.map((text) => text.length - 1));
  }

  /** Adds the next token of an echoed prompt. @param token the first one has no probability */
  echo(token: { id: number } | RatedToken): void {
    this.#report(token, this.#echoLength);
    // `<bos>` counts as a token, but the text does not contain it.
    const text = textOf(this.#tokenizer.tokenSymbols(token.id), this.#tokenizer.alphabet);
    this.#echo += text;
    this.#echoLength += text.length;
  }

  /** @returns whether a stop text has been found; it and everything after it are cut off */
  add(token: RatedToken): boolean {
    const text = this.#textOf(token.id);
    this.#report(token, this.#echoLength + this.#text.length);
    const from = Math.max(0, this.#text.length - this.#held);
    this.#text += text;
    const ends = this.#stop.map((stop) => this.#text.indexOf(stop, from)).filter((at) => at >= 0);
    if (ends.length === 0) return false;
    this.#text = this.#text.slice(0, Math.min(...ends));
    return true;
  }

  /** Adds the drawn `<eos>`: it counts as a token, but the text does not contain it. */
  end(token: RatedToken): void {
    this.#report(token, this.#echoLength + this.#text.length);
  }

  /**
   * Takes the piece that was not taken yet. @param isLast whether nothing is held back any more
   */
  take(isLast: boolean): Piece {
    const end = isLast ? this.#text.length : Math.max(this.#sent, this.#text.length - this.#held);
    const text = this.#echo + this.#text.slice(this.#sent, end);
    const piece = { text, logprobs: this.#pending };
    this.#echo = '';
    this.#sent = end;
    this.#pending = null;
    return piece;
  }

  #report(token: { id: number } | RatedToken, offset: number): void {
    if (this.#logprobs === undefined) return;
    this.#pending ??= { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    const text = this.#textOf(token.id);
    const isRated = 'logProbability' in token;
    this.#pending.tokens.push(text);
    this.#pending.token_logprobs.push(isRated ? token.logProbability : null);
    this.#pending.top_logprobs.push(isRated ? this.#likeliest(token, text) : null);
    this.#pending.text_offset.push(offset);
  }

  #likeliest({ logProbability, likeliest = [] }: RatedToken, text: string): Record<string, number> {
    const top = likeliest.map(([other, p]) => [this.#textOf(other), p] as const);
    return Object.fromEntries([...top, [text, logProbability]]);
  }

  #textOf(id: number): string {
    return (
      this.#names.get(id) ?? textOf(this.#tokenizer.tokenSymbols(id), this.#tokenizer.alphabet)
    );
  }
}
