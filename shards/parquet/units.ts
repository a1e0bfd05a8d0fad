/**
 * Row groups of far shards, each read by one request. A unit is all columns of a row group, about
 * 1 MB. Its pages are checked when it arrives, and it is fetched again where a checksum differs.
 */
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import util from 'parquetjs-lite/lib/util.js';
import type { NodeCache } from '../../base/storage/cache/node-cache.ts';
import { crc32 } from './crc32.ts';
import type { RowGroupPlace } from './row-group-place.ts';

/** Capacity in bytes: the current window of the order and the one that is read ahead. */
const CAPACITY = 48 * 2 ** 20;
const TRIES = 4;
/** Longest page header in bytes. */
const MAX_HEADER = 256;

export interface UnitSpan {
  start: number;
  length: number;
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
  readonly #known = new Map<string, { bytes: Promise<Buffer>; length: number }>();
  #total = 0;
  /** Units that came with a wrong checksum and were fetched again. */
  refetched = 0;

  /** @param cache keeps units on a disk of this machine, for all of its ranks */
  constructor(cache?: NodeCache) {
    this.#cache = cache;
  }

  /**
   * @param file names the shard and its version
   * @param read gets bytes from afar
   * @throws RangeError when the checksum is wrong each time
   */
  get(
    file: string,
    group: RowGroupPlace,
    read: (start: number, length: number) => Promise<Buffer>,
  ): Promise<Buffer> {
    const span = groupSpan(group);
    const key = `${file} ${span.start} ${span.length}`;
    let known = this.#known.get(key);
    if (known) {
      this.#known.delete(key);
    } else {
      const fetch = () => this.#fetchChecked(group, span, read);
      const bytes = this.#cache ? this.#cache.get(key, fetch) : fetch();
      known = { bytes, length: span.length };
      bytes.catch(() => this.#forget(key));
      this.#total += span.length;
    }
    // At the end: the first entry of the map is the least recently used.
    this.#known.set(key, known);
    while (this.#total > CAPACITY && this.#known.size > 1) {
      this.#forget(this.#known.keys().next().value!);
    }
    return known.bytes;
  }

  async #fetchChecked(
    group: RowGroupPlace,
    { start, length }: UnitSpan,
    read: (start: number, length: number) => Promise<Buffer>,
  ): Promise<Buffer> {
    for (let tries = 1; ; tries++) {
      const bytes = await read(start, length);
      if (isWhole(group, bytes, start)) return bytes;
      if (tries === TRIES) throw new RangeError('checksum of a page does not match');
      this.refetched++;
    }
  }

  #forget(key: string): void {
    this.#total -= this.#known.get(key)?.length ?? 0;
    this.#known.delete(key);
  }
}

/** Whether the checksums of all pages of a row group match. */
function isWhole(group: RowGroupPlace, bytes: Buffer, start: number): boolean {
  try {
    for (const { dictionary, data } of group.columns.values()) {
      const from = (dictionary ?? data).offset - start;
      const end = data.offset + data.length - start;
      for (let at = from; at < end; ) {
        const header = new thrift.PageHeader();
        const body = at + util.decodeThrift(header, bytes.subarray(at, at + MAX_HEADER));
        at = body + Number(header.compressed_page_size);
        if (!(at <= end) || header.crc !== crc32(bytes.subarray(body, at))) return false;
      }
    }
    return true;
  } catch {
    // Thrift does not know the bytes for a header.
    return false;
  }
}
