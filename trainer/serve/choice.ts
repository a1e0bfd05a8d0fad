/** One continuation on its way to the client: text, stop texts, log-probabilities. */
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import type { DrawnToken } from '../sample/draw.ts';
import { textOf } from './text.ts';

/** As OpenAI's completions have them; one entry a token. */
export interface LogProbabilities {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
}

export interface Piece {
  text: string;
  logprobs: LogProbabilities | null;
}

export class Choice {
  readonly #tokenizer: ByteBpe;
  readonly #stop: readonly string[];
  readonly #logprobs: number | undefined;
  /** The end of a text that may turn out to begin a stop text is held back. */
  readonly #held: number;
  #text = '';
  #sent = 0;
  #pending: LogProbabilities | null = null;

  constructor(tokenizer: ByteBpe, stop: readonly string[], logprobs: number | undefined) {
    this.#tokenizer = tokenizer;
    this.#stop = stop;
    this.#logprobs = logprobs;
    this.#held = Math.max(0, ...stop.map((text) => text.length - 1));
  }

  /** @returns whether a stop text has come; it and what follows it are cut off */
  add(token: DrawnToken): boolean {
    const text = this.#textOf(token.id);
    if (this.#logprobs !== undefined) this.#report(token, text);
    const from = Math.max(0, this.#text.length - this.#held);
    this.#text += text;
    const ends = this.#stop.map((stop) => this.#text.indexOf(stop, from)).filter((at) => at >= 0);
    if (ends.length === 0) return false;
    this.#text = this.#text.slice(0, Math.min(...ends));
    return true;
  }

  /** What has not been taken yet. @param isLast nothing more is held back */
  take(isLast: boolean): Piece {
    const end = isLast ? this.#text.length : Math.max(this.#sent, this.#text.length - this.#held);
    const piece = { text: this.#text.slice(this.#sent, end), logprobs: this.#pending };
    this.#sent = end;
    this.#pending = null;
    return piece;
  }

  #report({ id, logProbability, likeliest = [] }: DrawnToken, text: string): void {
    this.#pending ??= { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    this.#pending.tokens.push(text);
    this.#pending.token_logprobs.push(logProbability);
    const top = likeliest.map(([other, p]) => [this.#textOf(other), p] as const);
    this.#pending.top_logprobs.push(
      Object.fromEntries([...top, [this.#textOf(id), logProbability]]),
    );
    this.#pending.text_offset.push(this.#text.length);
  }

  #textOf(id: number): string {
    const { bosId, eosId, padId } = this.#tokenizer;
    const names = { [bosId]: '<bos>', [eosId]: '<eos>', [padId]: '<pad>' };
    return names[id] ?? textOf(this.#tokenizer.tokenBytes(id));
  }
}
