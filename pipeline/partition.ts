/**
 * A partition on its way to the disk: documents are packed as they come, and when the last
 * one is there its files are written, each whole or absent, the stats last.
 */
import { rm } from 'node:fs/promises';
import {
  type DocumentRow,
  type Failure,
  FORMAT_VERSION,
  type PartitionStats,
  type ShardEntry,
  type ShardHeader,
} from '../schemas/dataset.ts';
import type { Tail } from '../schemas/plan.ts';
import { writeDocumentShard } from '../shards/documents.ts';
import type { SequenceRow } from '../shards/rows.ts';
import { writeSequenceShard } from '../shards/writer.ts';
import { type EncodedBatch, type EncodedDocument, secondsSince } from './encode.ts';
import { countCodes, formatFailures } from './failures.ts';
import { paths, writeJson, writeText } from './files.ts';
import { Packer } from './pack.ts';
import type { Partition } from './plan.ts';
import { tailOf } from './tail.ts';

/** What every shard of a dataset says of itself. */
export type DatasetHeader = Omit<ShardHeader, 'split' | 'partition'>;

type Placed = EncodedDocument & { row: number; offset: number };

export class PartitionWork {
  readonly partition: Partition;
  private readonly start = performance.now();
  private readonly packer: Packer;
  private readonly rows: SequenceRow[] = [];
  private readonly documents: Omit<Placed, 'tokens'>[] = [];
  private readonly tokenCounts: number[] = [];
  private readonly failures: Failure[] = [];
  private readonly seconds = { read: 0, encode: 0, tokenize: 0 };
  private sourceBytes = 0;

  constructor(partition: Partition, seqLen: number) {
    this.partition = partition;
    this.packer = new Packer(seqLen);
  }

  add(batch: EncodedBatch): void {
    for (const { tokens, ...document } of batch.documents) {
      this.documents.push({ ...document, ...this.packer.place });
      this.tokenCounts.push(tokens.length);
      this.rows.push(...this.packer.append(document.docId, tokens));
    }
    this.failures.push(...batch.failures);
    this.sourceBytes += batch.sourceBytes;
    for (const stage of ['read', 'encode', 'tokenize'] as const) {
      this.seconds[stage] += batch.seconds[stage];
    }
  }

  /**
   * Shard, documents, tail, failures, stats: in this order, so that a partition with stats
   * has everything else.
   */
  async commit(out: string, header: DatasetHeader): Promise<PartitionStats> {
    const { number, name, split } = this.partition;
    const writeStart = performance.now();
    const shard = await this.writeShard(out, { ...header, split, partition: number });
    const rows = this.documentRows();
    const inShard = rows.filter((row) => row.row < this.rows.length);
    const documents =
      inShard.length === 0
        ? null
        : await writeDocumentShard(paths.documents(out, name), inShard, {
            formatVersion: FORMAT_VERSION,
            partition: number,
          });
    const rest = this.packer.rest();
    const tail: Tail = tailOf(rest, rows.slice(inShard.length), documents, header.tokenizerHash);
    await writeJson(paths.tail(out, name), tail);
    await this.writeFailures(paths.failures(out, name));
    const stats = this.stats(shard, rest.ids.length, secondsSince(writeStart));
    await writeJson(paths.stats(out, name), stats);
    return stats;
  }

  private async writeShard(out: string, header: ShardHeader): Promise<ShardEntry | undefined> {
    if (this.rows.length === 0) return undefined;
    return writeSequenceShard(paths.shard(out, this.partition.name), this.rows, header);
  }

  private documentRows(): DocumentRow[] {
    const shard = `${this.partition.name}.parquet`;
    return this.documents.map((document, i) => ({
      ...document,
      tokens: this.tokenCounts[i],
      shard,
    }));
  }

  private async writeFailures(path: string): Promise<void> {
    if (this.failures.length > 0) await writeText(path, formatFailures(this.failures));
    else await rm(path, { force: true });
  }

  private stats(shard: ShardEntry | undefined, tailTokens: number, write: number): PartitionStats {
    return {
      formatVersion: FORMAT_VERSION,
      partition: this.partition.number,
      inputs: this.partition.count,
      documents: this.documents.length,
      failures: this.failures.length,
      failuresByCode: countCodes(this.failures),
      sourceBytes: this.sourceBytes,
      documentBytes: this.documents.reduce((sum, { bytes }) => sum + bytes, 0),
      tokens: this.tokenCounts.reduce((sum, count) => sum + count, 0),
      tailTokens,
      seconds: { ...this.seconds, write, total: secondsSince(this.start) },
      shards: shard ? [shard] : [],
    };
  }
}
