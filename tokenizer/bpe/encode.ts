/**
 * Bytes to token ids with exact BPE semantics: the pair of the lowest rank is merged first,
 * everywhere, leftmost first; `aaa` becomes `aa a`.
 *
 * With few merges by an automaton, with many by queues, which take longer but do not depend on
 * meeting again what was met before.
 */
import { MAX_STATES } from './automaton/automaton.ts';
import { AutomatonEncoder } from './automaton/encoder.ts';
import { LONGEST } from './automaton/strand-layout.ts';
import type { TokenTable } from './decode.ts';
import type { Merge } from './learn/learn.ts';
import { QueueEncoder } from './queue/encoder.ts';

/** With more ids it takes seconds until most steps were met before (docs/log.md). */
const FEW_IDS = 2048;

export interface EncoderOptions {
  /** When the automaton needs more, the queues take over. At most `MAX_STATES`. */
  states?: number;
}

/** Takes one document at a time: all use the same memory. */
export class BpeEncoder {
  readonly #merges: readonly Merge[];
  readonly #automaton: AutomatonEncoder | undefined;
  #queues: QueueEncoder | undefined;

  /**
   * @param merges each names only bytes and earlier merges, and no pair twice
   * @param tokens of these merges
   */
  constructor(
    merges: readonly Merge[],
    tokens: TokenTable,
    { states = MAX_STATES }: EncoderOptions = {},
  ) {
    this.#merges = merges;
    const isSmall = 256 + merges.length <= FEW_IDS && tokens.longest <= LONGEST;
    if (isSmall) this.#automaton = new AutomatonEncoder(merges, tokens, states);
  }

  /** @returns ids 0..255 for bytes, 256 + rank for merged tokens */
  encode(bytes: Uint8Array): Uint16Array {
    const ids = this.#automaton?.encode(bytes);
    if (ids) return ids;
    this.#queues ??= new QueueEncoder(this.#merges);
    return this.#queues.encode(bytes);
  }
}
