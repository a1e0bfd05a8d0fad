/** What computes logits for the decoder: sequences that grow by tokens, many at once. */

/** Keys and values of one sequence. */
export interface CachedSequence {
  /** Tokens it has read. */
  readonly length: number;
  /** Tokens it has room for. */
  readonly capacity: number;
}

/** One token that a sequence reads next. Rows of one sequence come in order. */
export interface EngineRow {
  sequence: CachedSequence;
  id: number;
  /** Whether the logits after this token are asked for. */
  wantsLogits: boolean;
}

export interface Engine {
  readonly vocabSize: number;
  /** Rows that one step takes at most. */
  readonly maxRows: number;
  /** Tokens that all sequences together have room for. */
  readonly capacity: number;
  /** For people: how it computes. */
  readonly description: string;
  /** @returns undefined while there is no room for so many tokens */
  open(capacity: number): CachedSequence | undefined;
  close(sequence: CachedSequence): void;
  /**
   * @returns logits of each row that wants them, [vocabSize]; overwritten by the next step.
   *   The logits of a row depend on the tokens of its own sequence alone, to the last bit.
   */
  step(rows: readonly EngineRow[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}
