/**
 * Features of pictures as files, named by the content of the pictures and the network: nothing is
 * computed twice, and what has changed is computed anew.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { readSafetensors, writeSafetensors } from '../../base/safetensors/safetensors.ts';
import type { Backend } from '../../compute/choose.ts';
import { extractFeatures } from '../features.ts';
import type { Network } from '../networks/network.ts';
import type { Rows } from '../npz/statistics.ts';
import type { PictureRegion } from '../pictures/crop.ts';
import type { Resize } from '../pictures/resize.ts';
import { hashOf } from './choose.ts';
import { goOnUnlessStopped, type Work } from './work.ts';

/** Pictures of a file: whole batches, so that each is computed beside the same others. */
const CHUNK = 128;

/** Pictures that are compared as a set. */
export interface PictureList {
  readonly label: string;
  readonly files: readonly string[];
  /** The part of each that counts; default all of it. */
  readonly crop?: PictureRegion;
}

/** What features depend on besides the pictures. */
export interface FeatureKind {
  /** sha256 of the file of weights. */
  readonly sha256: string;
  readonly resize: Resize;
}

export interface SetFeatures {
  readonly features: Rows;
  readonly logits?: Rows;
}

export class FeatureStore {
  readonly #folder: string;
  readonly #kind: FeatureKind;
  readonly #hashes = new Map<string, string>();

  constructor(folder: string, kind: FeatureKind) {
    this.#folder = folder;
    this.#kind = kind;
  }

  /** A name for the features of the whole set. */
  async keyOf(list: PictureList): Promise<string> {
    return hashOf(...(await this.#chunksOf(list)).map(({ key }) => key));
  }

  /**
   * Computes the features of this rank's chunks that are not there yet. Ranks may share the work: each
   * takes every `size`-th chunk.
   * @throws CodecLmError an `IMAGE_*` code that names the file; `NOT_FINITE`, `DISK_FULL`, `INTERRUPTED`
   */
  async compute(
    work: Work,
    lists: readonly PictureList[],
    { backend, network }: { backend: Backend; network: Network },
  ): Promise<void> {
    await makeFolder(this.#folder);
    const { rank, size } = work.communicator;
    const done = new Set(await namesIn(this.#folder));
    let number = 0;
    for (const [nth, list] of lists.entries()) {
      const { label: what } = list;
      work.onEvent?.({ type: 'stage', stage: 'features', what, done: nth, total: lists.length });
      for (const { key, files } of await this.#chunksOf(list)) {
        const isOwn = number++ % size === rank;
        if (!isOwn || done.has(`${key}.safetensors`)) continue;
        goOnUnlessStopped(work);
        const { resize } = this.#kind;
        const { crop } = list;
        const options = { resize, paths: files, crop, signal: work.signal };
        const found = await extractFeatures(backend, network, what, options);
        await writeSafetensors(this.#pathOf(key), tensorsOf(found));
        done.add(`${key}.safetensors`);
      }
    }
  }

  /** @throws CodecLmError `INPUT_NOT_FOUND` for what was never computed, `CHECKPOINT_INVALID` */
  async read(list: PictureList): Promise<SetFeatures> {
    const parts: SetFeatures[] = [];
    for (const { key } of await this.#chunksOf(list)) {
      const { tensors } = await readSafetensors(this.#pathOf(key));
      parts.push({
        features: rowsOf(tensors.get('features')!),
        logits: rowsIf(tensors.get('logits')),
      });
    }
    const logits = parts.map((part) => part.logits).filter((rows) => rows !== undefined);
    return {
      features: joined(parts.map(({ features }) => features)),
      logits: logits.length === parts.length ? joined(logits) : undefined,
    };
  }

  async #chunksOf({ files, crop }: PictureList) {
    const { sha256, resize } = this.#kind;
    const chunks: { key: string; files: readonly string[] }[] = [];
    for (let at = 0; at < files.length; at += CHUNK) {
      const part = files.slice(at, at + CHUNK);
      const hashes: string[] = [];
      for (const path of part) hashes.push(await this.#hashOf(path));
      const key = hashOf(JSON.stringify({ sha256, resize, crop, hashes }));
      chunks.push({ key, files: part });
    }
    return chunks;
  }

  async #hashOf(path: string): Promise<string> {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      const file = await readFile(path).catch((error) => {
        throw readError(error, path);
      });
      hash = hashOf(file);
      this.#hashes.set(path, hash);
    }
    return hash;
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${key}.safetensors`);
  }
}

interface StoredRows {
  shape: number[];
  data: Float32Array;
}

function tensorsOf({ features, logits }: SetFeatures): Map<string, StoredRows> {
  const tensors = new Map([['features', storedOf(features)]]);
  if (logits) tensors.set('logits', storedOf(logits));
  return tensors;
}

function storedOf({ count, dims, data }: Rows): StoredRows {
  return { shape: [count, dims], data: Float32Array.from(data) };
}

function rowsOf({ shape: [count, dims], data }: StoredRows): Rows {
  return { count, dims, data };
}

function rowsIf(stored: StoredRows | undefined): Rows | undefined {
  return stored && rowsOf(stored);
}

function joined(parts: readonly Rows[]): Rows {
  const [{ dims }] = parts;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const data = new Float32Array(count * dims);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { count, dims, data };
}
