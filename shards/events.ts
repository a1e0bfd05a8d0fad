/**
 * What the functions of shards/ tell while they work, for a progress line or a program. A listener
 * is called at once and is not waited for; what it throws ends the work.
 */

/** How far a verification is: `hashes` of files, then `rows`, then `documents`. */
export interface VerifyEvent {
  type: 'hashes' | 'rows' | 'documents';
  done: number;
  total: number;
}

/** A document has been written to a file. */
export interface ExtractEvent {
  type: 'file';
  path: string;
  /** Files written so far, and how many there will be. */
  done: number;
  total: number;
}
