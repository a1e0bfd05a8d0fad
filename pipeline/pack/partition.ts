/**
 * Packs the documents of a partition as they arrive. After the last one it writes its files, each
 * completely or not at all, the stats last.
 */
import type { Lock } from '../../base/lock/lock.ts';
import { parentOf, storageAt } from '../../base/storage/index.ts';
import { isClipReason } from '../../schemas/clips.ts';
import type { Filtered } from '../../schemas/curation.ts';
import {
  type Failure,
  FORMAT_VERSION,
  type PartitionStats,
  type ShardHeader,
} from '../../schemas/dataset.ts';
import type { Tail } from '../../schemas/plan.ts';
import type { DocumentBatch, TokenizedDocument } from '../encode/encode.ts';
import { secondsSince } from '../encode/inputs.ts';
import { jsonText, paths, writeJson, writeText } from '../files.ts';
import type { Partition } from '../plan/plan.ts';
import { countCodes, countReasons, formatLines } from '../status/failures.ts';
import { type Extras, NO_EXTRAS } from './extras.ts';
import { PackedSplit, type WrittenSplit } from './packed-split.ts';

/** Metadata that all shards of a dataset have in common. */
export type DatasetHeader = Omit<ShardHeader, 'split' | 'partition'>;

export class PartitionWork {
  readonly partition: Partition;
  readonly #start = performance.now();
  readonly #train: PackedSplit;
  readonly #val: PackedSplit;
  readonly #extras: Extras;
  readonly #failures: Failure[] = [];
  readonly #filtered: Filtered[] = [];
  readonly #seconds = { read: 0, encode: 0, tokenize: 0 };
  readonly #sums = { documents: 0, documentBytes: 0, tokens: 0, sourceBytes: 0 };

  constructor(partition: Partition, seqLen: number, extras: Extras = NO_EXTRAS) {
    this.partition = partition;
    this.#extras = extras;
    this.#train = new PackedSplit('train', seqLen, extras);
    this.#val = new PackedSplit('val', seqLen, extras);
  }

  add(batch: DocumentBatch<TokenizedDocument>): void {
    for (const document of batch.documents) {
      (document.split === 'train' ? this.#train : this.#val).add(document);
      this.#sums.documents++;
      this.#sums.documentBytes += document.length;
      this.#sums.tokens += document.tokens.length;
    }
    this.#failures.push(...batch.failures);
    this.#filtered.push(...batch.filtered);
    this.#sums.sourceBytes += batch.sourceBytes;
    for (const stage of ['read', 'encode', 'tokenize'] as const) {
      this.#seconds[stage] += batch.seconds[stage];
    }
  }

  /**
   * Writes shards, documents, tails, failures, clips that are not there, and stats in this order, so that a partition with
   * stats is complete. The lock is checked before each of them.
   * @param options.isShared whether another worker may have finished it meanwhile: its marker then stays
   * @throws CodecLmError `LOCK_LOST` when another process may be writing the partition
   */
  async commit(
    out: string,
    header: DatasetHeader,
    lock: Pick<Lock, 'check'>,
    { isShared = false } = {},
  ): Promise<PartitionStats> {
    const { number, name, index } = this.partition;
    const writeStart = performance.now();
    const ofPartition = { ...header, partition: number };
    await lock.check();
    const train = await this.#train.write(out, index, ofPartition);
    await lock.check();
    const val = await this.#val.write(out, index, ofPartition);
    await lock.check();
    const { tokenizerHash } = header;
    const tail: Tail = { tokenizerHash, train: train.tail, val: val.tail };
    await writeJson(paths.tail(out, name), tail);
    await writeLines(paths.failures(out, name), formatLines(this.#failures));
    if (this.#extras.hasClips) await this.#writeMissingClips(paths.missingClips(out, name));
    const stats = this.#stats([train, val], secondsSince(writeStart));
    await lock.check();
    const path = paths.stats(out, name);
    if (!isShared) await writeJson(path, stats);
    else await storageAt(path).putIfAbsent(path, Buffer.from(jsonText(stats)));
    return stats;
  }

  /** What curation left out is in a list of its own, from before. */
  async #writeMissingClips(path: string): Promise<void> {
    const missing = this.#filtered.filter(({ reason }) => isClipReason(reason));
    if (missing.length > 0) await storageAt(path).makeFolder(parentOf(path));
    await writeLines(path, formatLines(missing));
  }

  #stats(written: readonly WrittenSplit[], write: number): PartitionStats {
    return {
      formatVersion: FORMAT_VERSION,
      partition: this.partition.number,
      inputs: this.partition.count,
      failures: this.#failures.length,
      failuresByCode: countCodes(this.#failures),
      ...(this.#filtered.length > 0 ? { filteredByReason: countReasons(this.#filtered) } : {}),
      ...this.#sums,
      tailTokens: written.reduce((sum, { tailTokens }) => sum + tailTokens, 0),
      seconds: { ...this.#seconds, write, total: secondsSince(this.#start) },
      shards: written.flatMap(({ shard }) => shard ?? []),
    };
  }
}

/** Without lines, a file that an earlier try has left is removed. */
async function writeLines(path: string, lines: string): Promise<void> {
  if (lines === '') await storageAt(path).remove(path);
  else await writeText(path, lines);
}
