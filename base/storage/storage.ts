/** The operations of a storage: a disk, or object storage. Everything else reads and writes by them. */

import type { ErrorCode } from '../error-codes.ts';

/** A file as a listing shows it. */
export interface StoredFile {
  /** Path below the folder that was listed. */
  name: string;
  size: number;
}

export interface FoundPlace {
  isFolder: boolean;
  size: number;
  /** Milliseconds on the storage's clock. */
  modified: number;
}

/** A file that is open for reads at any place of it. */
export interface OpenFile {
  readonly size: number;
  /**
   * @param into memory to use, if it is large enough
   * @returns exactly these bytes
   * @throws RangeError when the file has become shorter
   */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>;
  close(): Promise<void>;
}

/** A file that appears completely, or not at all. */
export interface OutputFile {
  readonly path: string;
  /** Bytes written so far. */
  readonly bytes: number;
  write(...buffers: Uint8Array[]): Promise<void>;
  /** sha256 of the bytes written so far. */
  hashSoFar(): string;
  /** @returns the size in bytes and the sha256, which is empty when the file is not hashed */
  commit(): Promise<{ bytes: number; sha256: string }>;
  /** Removes what was written. Throws nothing. */
  abort(): Promise<void>;
}

export interface ReadOptions {
  /** Most bytes to read; a larger file is an error. */
  limit?: number;
  /** Code of that error; default `INPUT_UNREADABLE`. */
  code?: ErrorCode;
  /** Gives the memory for the content of an object, when its size is known. */
  allocate?(size: number): Buffer;
}

/**
 * Reads throw `INPUT_NOT_FOUND`, `INPUT_UNREADABLE` or `IO_FAILED`, writes `OUTPUT_UNWRITABLE`,
 * `DISK_FULL` or `IO_FAILED`; object storage also `STORAGE_CREDENTIALS` and `STORAGE_UNAVAILABLE`.
 */
export interface PlaceStorage {
  /** @returns undefined when nothing is there */
  find(place: string): Promise<FoundPlace | undefined>;
  /** Names of the entries of a folder; an empty list when there is no such folder. */
  names(folder: string): Promise<string[]>;
  /** All files below a folder, in pages: only one of them is in memory. */
  listAll(folder: string, signal?: AbortSignal): AsyncGenerator<StoredFile>;
  read(place: string, options?: ReadOptions): Promise<Buffer>;
  /** @throws RangeError when the file has no such bytes */
  readRange(place: string, offset: number, length: number, into?: Buffer): Promise<Buffer>;
  /** The content piece by piece. */
  stream(place: string): AsyncGenerator<Buffer>;
  open(place: string): Promise<OpenFile>;
  /** Begins a file; its folder exists, where storages have folders. */
  create(place: string, options?: { hashed?: boolean }): Promise<OutputFile>;
  /** @returns false when a file is there already; it is not changed then */
  putIfAbsent(place: string, content: Uint8Array): Promise<boolean>;
  /** Removes a file; it need not exist. */
  remove(place: string): Promise<void>;
  /** Removes a folder and everything below it; it need not exist. */
  removeAll(folder: string): Promise<void>;
  /** Makes a folder and its parents, where storages have folders. */
  makeFolder(folder: string): Promise<void>;
}
