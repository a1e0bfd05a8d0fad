/** A dataset directory, open: its documents one by one, and its sequences for the trainer. */
import { basename, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { namesIn } from '../../base/files.ts';
import type { Manifest, ShardEntry, Split } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import { Loader, type LoaderOptions } from '../loader/loader.ts';
import type { Shard } from '../parquet/reader.ts';
import type { SequenceRow } from '../parquet/rows.ts';
import { readManifest } from './manifest.ts';
import { chainsOf, mergeByDocument } from './merge.ts';
import { ShardPool } from './pool.ts';
import { cutRow, type DocumentTokens, joinSegments, type Segment, segmentsOf } from './segments.ts';

export class Dataset {
  readonly dir: string;
  readonly manifest: Manifest;
  /** The folder that holds tokenizer.json. */
  readonly tokenizerDir: string;
  /** @internal */
  readonly pool: ShardPool;

  constructor(dir: string, manifest: Manifest) {
    this.dir = dir;
    this.tokenizerDir = dir;
    this.manifest = manifest;
    this.pool = new ShardPool(dir, manifest);
  }

  /** Sequences of a split. */
  sequences(split: Split): number {
    return this.#shardsOf(split).reduce((sum, shard) => sum + shard.rows, 0);
  }

  /** Batches for the trainer; see loader.ts for the order. */
  loader(options: LoaderOptions = {}): Loader {
    return new Loader(this.manifest, this.pool, options);
  }

  /** All rows of a split in file order. */
  async *rows(split: Split): AsyncGenerator<SequenceRow> {
    for (const entry of this.#shardsOf(split)) {
      for (let row = 0; row < entry.rows; row += entry.rowGroupRows) {
        const count = Math.min(entry.rowGroupRows, entry.rows - row);
        yield* await this.pool.use(entry, (shard) => shard.readRows(row, count));
      }
    }
  }

  /**
   * Every document of both splits, or of one, ascending by id; a few row groups in memory.
   * @throws CodecLmError `SHARD_INVALID` or `DATASET_INVALID` at the first that is damaged
   */
  async *documents(split?: Split): AsyncGenerator<DocumentTokens> {
    for await (const parts of this.documentParts(split)) {
      yield { docId: parts[0].docId, ids: joinSegments(parts, this.manifest.vocabSize) };
    }
  }

  /** The same as the rows hold them, unchecked: the segments of each document. */
  documentParts(split?: Split): AsyncGenerator<Segment[]> {
    const { padId } = specialIds(this.manifest.vocabSize);
    const shards = split ? this.#shardsOf(split) : this.manifest.shards;
    return mergeByDocument(chainsOf(shards).map((stream) => segmentsOf(this.pool, stream, padId)));
  }

  /**
   * One document; reads only the rows that hold it.
   * @throws CodecLmError `INPUT_NOT_FOUND` when there is none of this id
   */
  async readDocument(docId: number): Promise<DocumentTokens> {
    const parts = await this.readSegments(docId);
    return { docId, ids: joinSegments(parts, this.manifest.vocabSize) };
  }

  /** The same as the rows hold it, in order and unchecked. */
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
        hint: `its ids are ${Math.min(...ids)} to ${Math.max(...ids)}, less those of failed inputs`,
      });
    }
    return parts;
  }

  /**
   * The shards whose files are here, as a dataset of their own: of one of thousands of shards a few
   * may have been copied. One of the two is to be closed.
   */
  async present(): Promise<Dataset> {
    const here = new Set(await namesIn(join(this.dir, 'shards')));
    const shards = this.manifest.shards.filter(({ file }) => here.has(basename(file)));
    return new Dataset(this.dir, { ...this.manifest, shards });
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  #shardsOf(split: Split): ShardEntry[] {
    return this.manifest.shards.filter((shard) => shard.split === split);
  }

  async #findIn(shard: Shard, entry: ShardEntry, docId: number): Promise<Segment[]> {
    // The first row whose last document is not before it.
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
 * @param dir a dataset directory
 * @throws CodecLmError `INPUT_NOT_FOUND`, `DATASET_INCOMPLETE`, `DATASET_INVALID`
 */
export async function openDataset(dir: string): Promise<Dataset> {
  return new Dataset(dir, await readManifest(dir));
}
