/** An open dataset directory: gives documents one by one, and sequences for the trainer. */
import { basename } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { NodeCache } from '../../base/storage/cache/node-cache.ts';
import { isRemote, joinPlace, storageAt } from '../../base/storage/index.ts';
import type { Manifest, ShardEntry, Split } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import { Loader, type LoaderOptions } from '../loader/loader.ts';
import type { Shard } from '../parquet/reader.ts';
import type { SequenceRow } from '../parquet/rows.ts';
import { ColumnsOfDocuments, findDocumentRow } from './document-rows.ts';
import { readManifest } from './manifest.ts';
import { chainsOf, mergeByDocument } from './merge.ts';
import { ShardPool } from './pool.ts';
import { cutRow, type DocumentTokens, joinSegments, type Segment, segmentsOf } from './segments.ts';

export interface DatasetOptions {
  /**
   * Keeps row groups of a dataset in object storage in a folder of this machine, which all its ranks
   * share, up to about this many bytes.
   */
  cache?: { dir: string; bytes: number };
}

export class Dataset {
  readonly dir: string;
  readonly manifest: Manifest;
  /** The folder that holds tokenizer.json. */
  readonly tokenizerDir: string;
  /** @internal */
  readonly pool: ShardPool;

  constructor(dir: string, manifest: Manifest, cache?: NodeCache) {
    this.dir = dir;
    this.tokenizerDir = dir;
    this.manifest = manifest;
    this.pool = new ShardPool(dir, manifest, cache);
  }

  /** Number of sequences in a split. */
  sequences(split: Split): number {
    return this.#shardsOf(split).reduce((sum, shard) => sum + shard.rows, 0);
  }

  /** Makes batches for the trainer; loader.ts describes their order. */
  loader(options: LoaderOptions = {}): Loader {
    return new Loader(this.manifest, this.pool, options);
  }

  /** All rows of a split, in file order. */
  async *rows(split: Split): AsyncGenerator<SequenceRow> {
    for (const entry of this.#shardsOf(split)) {
      for (let row = 0; row < entry.rows; row += entry.rowGroupRows) {
        const count = Math.min(entry.rowGroupRows, entry.rows - row);
        yield* await this.pool.use(entry, (shard) => shard.readRows(row, count));
      }
    }
  }

  /**
   * Every document of both splits, or of one, in ascending order of ids, with the columns that travel
   * along; a few row groups are in memory.
   * @throws CodecLmError `SHARD_INVALID` or `DATASET_INVALID` at the first damaged document
   */
  async *documents(split?: Split): AsyncGenerator<DocumentTokens> {
    const columns = this.#hasColumns ? new ColumnsOfDocuments(this) : undefined;
    try {
      for await (const parts of this.documentParts(split)) {
        const [{ docId }] = parts;
        const ids = joinSegments(parts, this.manifest.vocabSize);
        yield { docId, ids, ...(await columns?.of(docId)) };
      }
    } finally {
      await columns?.close();
    }
  }

  /** The same without checks, as the rows hold them: the segments of each document. */
  documentParts(split?: Split): AsyncGenerator<Segment[]> {
    const { padId } = specialIds(this.manifest.vocabSize);
    const shards = split ? this.#shardsOf(split) : this.manifest.shards;
    return mergeByDocument(chainsOf(shards).map((stream) => segmentsOf(this.pool, stream, padId)));
  }

  /**
   * Reads one document, from the rows that hold it only.
   * @throws CodecLmError `INPUT_NOT_FOUND` when no document has this id
   */
  async readDocument(docId: number): Promise<DocumentTokens> {
    const parts = await this.readSegments(docId);
    const ids = joinSegments(parts, this.manifest.vocabSize);
    if (!this.#hasColumns) return { docId, ids };
    return { docId, ids, columns: (await findDocumentRow(this, docId))?.columns ?? {} };
  }

  /** The same without checks, as the rows hold it: its segments in order. */
  async readSegments(docId: number): Promise<Segment[]> {
    const parts: Segment[] = [];
    for (const entry of chainsOf(this.manifest.shards).flat()) {
      const { firstDoc, lastDoc } = entry;
      if (firstDoc === null || lastDoc === null || docId < firstDoc || docId > lastDoc) continue;
      parts.push(...(await this.pool.use(entry, (shard) => this.#findIn(shard, entry, docId))));
    }
    if (parts.length === 0) {
      const ids = this.manifest.shards.flatMap(({ firstDoc, lastDoc }) => [
        firstDoc ?? 0,
        lastDoc ?? 0,
      ]);
      throw new CodecLmError('INPUT_NOT_FOUND', `${this.dir} has no document ${docId}`, {
        hint: `its ids are ${Math.min(...ids)} to ${Math.max(...ids)}, without those of failed inputs`,
      });
    }
    return parts;
  }

  /**
   * The shards whose files exist here, as a separate dataset. Useful when only a few of thousands
   * of shards were copied. Close one of the two datasets, not both.
   */
  async present(): Promise<Dataset> {
    const here = new Set(await storageAt(this.dir).names(joinPlace(this.dir, 'shards')));
    const shards = this.manifest.shards.filter(({ file }) => here.has(basename(file)));
    return new Dataset(this.dir, { ...this.manifest, shards });
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  get #hasColumns(): boolean {
    return (this.manifest.columns ?? []).length > 0;
  }

  #shardsOf(split: Split): ShardEntry[] {
    return this.manifest.shards.filter((shard) => shard.split === split);
  }

  async #findIn(shard: Shard, entry: ShardEntry, docId: number): Promise<Segment[]> {
    // Find the first row whose last document has at least this id.
    let low = 0;
    let high = entry.rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { docIds } = await shard.readDocumentsOf(middle);
      if (docIds[docIds.length - 1] < docId) low = middle + 1;
      else high = middle;
    }
    const { padId } = specialIds(this.manifest.vocabSize);
    const parts: Segment[] = [];
    for (let row = low; row < entry.rows; row++) {
      const here = [...cutRow(await shard.readRow(row), entry.file, row, padId)];
      const part = here.find((segment) => segment.docId === docId);
      if (!part) break;
      parts.push(part);
      if (part !== here[here.length - 1]) break;
    }
    return parts;
  }
}

/**
 * @param dir a dataset directory, on a disk or in object storage (`s3://bucket/prefix`)
 * @throws CodecLmError `INPUT_NOT_FOUND`, `DATASET_INCOMPLETE`, `DATASET_INVALID`
 */
export async function openDataset(dir: string, { cache }: DatasetOptions = {}): Promise<Dataset> {
  const manifest = await readManifest(dir);
  const kept = cache && isRemote(dir) ? await NodeCache.open(cache.dir, cache.bytes) : undefined;
  return new Dataset(dir, manifest, kept);
}
