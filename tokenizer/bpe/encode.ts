/**
 * Encodes bytes as token ids with exact BPE semantics: the pair of the lowest rank is merged first,
 * everywhere, leftmost first; `aaa` becomes `aa a`.
 *
 * An automaton encodes when there are few merges. Queues encode when there are many: they take
 * longer but need no states learned from earlier documents.
 */
import { MAX_STATES } from './automaton/automaton.ts';
import { AutomatonEncoder } from './automaton/encoder.ts';
import { LONGEST } from './automaton/strand-layout.ts';
import type { TokenTable } from './decode.ts';
import type { Merge } from './learn/learn.ts';
import { QueueEncoder } from './queue/encoder.ts';

/** With more ids, it takes seconds until the automaton has met most transitions (docs/log.md). */
const FEW_IDS = 2048;

export interface EncoderOptions {
  /**
   * Most states of the automaton; when it needs more, the queues take over. At most `MAX_STATES`.
   */
  states?: number;
}

/** Encodes one document at a time: all calls use the same memory. */
export class BpeEncoder {
  readonly #merges: readonly Merge[];
  readonly #automaton: AutomatonEncoder | undefined;
  #queues: QueueEncoder | undefined;

  /**
   * @param merges each merge names only bytes and earlier merges; no pair occurs twice
   * @param tokens the tokens of these merges
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
