/**
 * Row groups of far shards, each read by one request. A unit is all columns of a row group, about
 * 1 MB. Its pages are checked when it arrives, and it is fetched again where a checksum differs.
 */
import type { NodeCache } from '../../base/storage/cache/node-cache.ts';
import { crc32 } from './crc32.ts';
import { readPageHeader } from './file-metadata.ts';
import { KeptBytes } from './kept-bytes.ts';
import type { RowGroupPlace } from './row-group-place.ts';

/** Capacity in bytes: the current window of the order and the one that is read ahead. */
const CAPACITY = 48 * 2 ** 20;
const TRIES = 4;

/** Reads bytes of a file, into the given memory if they fit. */
export type ReadRange = (start: number, length: number, into: Buffer) => Promise<Buffer>;

export interface UnitSpan {
  start: number;
  length: number;
}

interface UnitPlace {
  file: string;
  span: UnitSpan;
  key: string;
}

/** The bytes of a row group, from its first column to its last. */
export function groupSpan({ columns }: RowGroupPlace): UnitSpan {
  const chunks = [...columns.values()];
  const start = Math.min(...chunks.map(({ dictionary, data }) => (dictionary ?? data).offset));
  const end = Math.max(...chunks.map(({ data }) => data.offset + data.length));
  return { start, length: end - start };
}

/** Units of all shards of a dataset that are in memory. */
export class Units {
  readonly #cache: NodeCache | undefined;
  readonly #kept = new KeptBytes<string>(CAPACITY);
  /** Where a row group lies, and its name among all shards. */
  readonly #known = new WeakMap<RowGroupPlace, UnitPlace>();
  /** Units that came with a wrong checksum and were fetched again. */
  refetched = 0;

  /** @param cache keeps units on a disk of this machine, for all of its ranks */
  constructor(cache?: NodeCache) {
    this.#cache = cache;
  }

  /**
   * @param file names the shard and its version
   * @param read gets bytes from afar
   * @param work uses the bytes of the whole unit before it returns; afterwards they may become others
   * @throws RangeError when the checksum is wrong each time
   */
  use<T>(
    file: string,
    group: RowGroupPlace,
    read: ReadRange,
    work: (bytes: Buffer) => T,
  ): Promise<T> {
    const { span, key } = this.#placeOf(file, group);
    const fetch = (into: Buffer) => this.#fetchChecked(group, span, read, into);
    const cache = this.#cache;
    const get = cache ? (into: Buffer) => cache.get(key, () => fetch(into), into) : fetch;
    return this.#kept.use(key, span.length, get, work);
  }

  /** The bytes of the unit if they are in memory, to be used before anything is awaited. */
  peek(file: string, group: RowGroupPlace): Buffer | undefined {
    return this.#kept.peek(this.#placeOf(file, group).key);
  }

  #placeOf(file: string, group: RowGroupPlace): UnitPlace {
    const known = this.#known.get(group);
    if (known?.file === file) return known;
    const span = groupSpan(group);
    const place = { file, span, key: `${file} ${span.start} ${span.length}` };
    this.#known.set(group, place);
    return place;
  }

  /** A copy of the bytes of the unit. */
  get(file: string, group: RowGroupPlace, read: ReadRange): Promise<Buffer> {
    return this.use(file, group, read, (bytes) => Buffer.from(bytes));
  }

  async #fetchChecked(
    group: RowGroupPlace,
    { start, length }: UnitSpan,
    read: ReadRange,
    into: Buffer,
  ): Promise<Buffer> {
    for (let tries = 1; ; tries++) {
      const bytes = await read(start, length, into);
      if (isWhole(group, bytes, start)) return bytes;
      if (tries === TRIES) throw new RangeError('checksum of a page does not match');
      this.refetched++;
    }
  }
}

/** Whether the checksums of all pages of a row group match. */
function isWhole(group: RowGroupPlace, bytes: Buffer, start: number): boolean {
  try {
    for (const { dictionary, data } of group.columns.values()) {
      const from = (dictionary ?? data).offset - start;
      const end = data.offset + data.length - start;
      for (let at = from; at < end; ) {
        const { header, body } = readPageHeader(bytes, at);
        at = body + (header.compressedSize ?? Number.NaN);
        if (!(at >= body && at <= end) || header.crc !== crc32(bytes.subarray(body, at)))
          return false;
      }
    }
    return true;
  } catch {
    // The bytes are no header.
    return false;
  }
}
