/** Interface of the decoder's engines, which compute logits for many growing sequences at once. */

/** Keys and values of one sequence. */
export interface CachedSequence {
  /** Number of tokens that it has read. */
  readonly length: number;
  /** Number of tokens that it can hold. */
  readonly capacity: number;
}

/** The token that a sequence reads next. Rows of one sequence are in order. */
export interface EngineRow {
  sequence: CachedSequence;
  id: number;
  /** Whether the logits after this token are requested. */
  wantsLogits: boolean;
}

export interface Engine {
  readonly vocabSize: number;
  /** Most rows per step. */
  readonly maxRows: number;
  /** Number of tokens that all sequences together can hold. */
  readonly capacity: number;
  /** Description of the engine, for people. */
  readonly description: string;
  /** Whether the last bits of logits depend on the rows beside them; then `step` does not promise more. */
  readonly isBatchDependent?: boolean;
  /** @returns undefined while there is no room for this number of tokens */
  open(capacity: number): CachedSequence | undefined;
  /**
   * Opens a sequence that begins with the first `length` tokens of another one and need not read
   * them again. Both go on independently. An engine without it reads every prompt.
   * @returns undefined while there is no room
   */
  fork?(source: CachedSequence, length: number, capacity: number): CachedSequence | undefined;
  /**
   * Forgets all tokens of a sequence but the first `length`. An engine without it cannot draw with a draft.
   */
  rewind?(sequence: CachedSequence, length: number): void;
  close(sequence: CachedSequence): void;
  /**
   * @returns the logits of each row that requests them, [vocabSize]; the next step overwrites them.
   *   The logits of a row depend only on the tokens of its own sequence, bit for bit unless
   *   `isBatchDependent`.
   */
  step(rows: readonly EngineRow[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}
