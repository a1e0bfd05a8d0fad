/**
 * The open shards of a dataset. A shard is opened at its first read and checked against the
 * manifest; only a few are open at a time.
 */
import { CodecLmError } from '../../base/error.ts';
import type { NodeCache } from '../../base/storage/cache/node-cache.ts';
import { isRemote, joinPlace } from '../../base/storage/index.ts';
import type { Manifest, ShardEntry } from '../../schemas/dataset.ts';
import { openShard, type Shard } from '../parquet/reader.ts';
import { Units } from '../parquet/units.ts';
import { checkTokenizer } from './tokenizer.ts';

/** Far below the usual limit of 1,024 open files, so that several loaders fit. */
const MAX_OPEN = 64;

interface Slot {
  shard: Promise<Shard>;
  /** The same once it is open. */
  open?: Shard;
  users: number;
}

export class ShardPool {
  readonly #dir: string;
  readonly #manifest: Manifest;
  readonly #slots = new Map<string, Slot>();
  #tokenizer?: Promise<void>;
  /** Row groups that are kept; only for datasets in object storage. */
  readonly units: Units | undefined;
  /** Shards that stay open between uses; none once the dataset is closed. */
  #kept = MAX_OPEN;

  /** @param cache keeps row groups of a dataset in object storage on a disk of this machine */
  constructor(dir: string, manifest: Manifest, cache?: NodeCache) {
    this.#dir = dir;
    this.#manifest = manifest;
    this.units = isRemote(dir) ? new Units(cache) : undefined;
  }

  /**
   * Lends the shard to `work` and keeps it open meanwhile.
   * @throws CodecLmError `SHARD_INVALID`; `DATASET_INVALID` for a shard that is missing or differs
   * from the manifest
   */
  async use<T>(entry: ShardEntry, work: (shard: Shard) => Promise<T>): Promise<T> {
    const slot = this.#slots.get(entry.file) ?? this.#begin(entry);
    // Moved to the end: the first entry of the map is the least recently used.
    this.#slots.delete(entry.file);
    this.#slots.set(entry.file, slot);
    slot.users++;
    try {
      return await work(await slot.shard);
    } finally {
      slot.users--;
      await this.#closeUnused();
    }
  }

  /** The shard if it is open, to be used before anything is awaited. */
  peek(entry: ShardEntry): Shard | undefined {
    const slot = this.#slots.get(entry.file);
    if (!slot?.open) return undefined;
    this.#slots.delete(entry.file);
    this.#slots.set(entry.file, slot);
    return slot.open;
  }

  #begin(entry: ShardEntry): Slot {
    const slot: Slot = { shard: this.#open(entry), users: 0 };
    slot.shard.then(
      (shard) => {
        slot.open = shard;
      },
      // Whoever uses it meets the error.
      () => undefined,
    );
    return slot;
  }

  /**
   * Checks the tokenizer once: ids mean nothing without the tokenizer that made them.
   * @throws CodecLmError `DATASET_INVALID` when tokenizer.json is missing or another one
   */
  checkTokenizer(): Promise<void> {
    this.#tokenizer ??= checkTokenizer({ tokenizerDir: this.#dir, manifest: this.#manifest });
    return this.#tokenizer;
  }

  /** Closes the dataset; shards in use are closed when their work is done. */
  async close(): Promise<void> {
    this.#kept = 0;
    await this.#closeUnused();
  }

  async #open(entry: ShardEntry): Promise<Shard> {
    try {
      return await openListed(this.#dir, this.#manifest, entry, this.units);
    } catch (error) {
      this.#slots.delete(entry.file);
      throw error;
    }
  }

  async #closeUnused(): Promise<void> {
    for (const [file, slot] of this.#slots) {
      if (this.#slots.size <= this.#kept) return;
      if (slot.users > 0) continue;
      this.#slots.delete(file);
      await slot.shard.then((shard) => shard.close()).catch(() => undefined);
    }
  }
}

/**
 * Opens a shard and compares its metadata with the manifest. Caches on the way to a far one may give
 * an older file once; the second answer is believed.
 */
export async function openListed(
  dir: string,
  manifest: Manifest,
  entry: ShardEntry,
  units?: Units,
): Promise<Shard> {
  const open = () => openOnce(dir, manifest, entry, units);
  if (!isRemote(dir)) return open();
  return open().catch((error) => {
    const isOther = error instanceof CodecLmError && OTHER_FILE.has(error.code);
    if (!isOther) throw error;
    return open();
  });
}

const OTHER_FILE = new Set<string>(['SHARD_INVALID', 'DATASET_INVALID']);

async function openOnce(
  dir: string,
  manifest: Manifest,
  entry: ShardEntry,
  units?: Units,
): Promise<Shard> {
  const path = joinPlace(dir, entry.file);
  const far = units && { units, version: entry.sha256, size: entry.bytes };
  const shard = await openShard(path, far).catch((error) => {
    if (!(error instanceof CodecLmError) || error.code !== 'INPUT_NOT_FOUND') throw error;
    throw new CodecLmError('DATASET_INVALID', `${path} is listed in the manifest but missing`, {
      cause: error,
      path,
      hint: 'restore the file from a copy, or make the dataset again',
    });
  });
  const problem = mismatch(shard, manifest, entry);
  if (!problem) return shard;
  await shard.close();
  throw new CodecLmError('DATASET_INVALID', `${path}: ${problem}`, {
    path,
    hint: 'the file was replaced or belongs to another dataset; restore the right one',
  });
}

function mismatch(shard: Shard, manifest: Manifest, entry: ShardEntry): string | undefined {
  const { metadata } = shard;
  const compared: [string, unknown, unknown][] = [
    ['bytes', shard.bytes, entry.bytes],
    ['tokenizer', metadata.tokenizerHash, manifest.tokenizerHash],
    ['codec', metadata.codec.name, manifest.codec.name],
    ['vocabulary size', metadata.vocabSize, manifest.vocabSize],
    ['sequence length', metadata.seqLen, manifest.seqLen],
    ['split', metadata.split, entry.split],
    ['partition', metadata.partition, entry.partition],
    ['rows', metadata.counts.rows, entry.rows],
    ['tokens', metadata.counts.tokens, entry.tokens],
    ['first document', metadata.counts.firstDoc, entry.firstDoc],
    ['last document', metadata.counts.lastDoc, entry.lastDoc],
    ['content hash', metadata.counts.contentHash, entry.contentHash],
  ];
  const different = compared.find(([, found, listed]) => found !== listed);
  return different && `${different[0]} is ${different[1]}; the manifest says ${different[2]}`;
}
