/**
 * Events of the functions in shards/, for a progress line or a program. A listener is called
 * synchronously and not awaited; an error that it throws ends the work.
 */

/** Progress of a verification: first `hashes` of files, then `rows`, then `documents`. */
export interface VerifyEvent {
  type: 'hashes' | 'rows' | 'documents';
  done: number;
  total: number;
}

/** A document has been written to a file. */
export interface ExtractEvent {
  type: 'file';
  path: string;
  /** Number of files written so far, and in total. */
  done: number;
  total: number;
}

/** A file of a dataset is about to be copied; `done` of `total` were before. */
export interface FetchEvent {
  type: 'fetch';
  file: string;
  done: number;
  total: number;
}
