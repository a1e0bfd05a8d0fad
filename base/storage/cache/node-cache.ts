/**
 * Pieces of far files on a disk of this machine, shared by all of its processes and bounded in size.
 * Each piece is a file of its own with a checksum at its end; it appears by a rename. What was used
 * longest ago is removed first. A piece that is being read stays readable: its file is open.
 */
import { createHash } from 'node:crypto';
import {
  access,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { systemCode } from '../../error.ts';
import { writeError } from '../../file-error.ts';

/** Node has crc32 since 20.15; the installed types are older. */
const { crc32 } = zlib as unknown as { crc32(data: Uint8Array): number };

const POLL_MS = 10;
/** After so many looks, whether the process that fetches a piece is alive is looked at too. */
const POLLS = 20;
/** A process that fetches a piece and shows no sign of life for this time is not waited for. */
const PATIENCE_MS = 30_000;
/** A piece that was used this lately belongs to what a rank still reads. */
const IN_USE_MS = 30_000;
/** A piece that is used again gets a new time after this long, so that it stays in use. */
const TOUCH_AFTER_MS = IN_USE_MS / 4;
/** The checksum behind a piece. */
const SUM_BYTES = 4;
/** The size of the folder is counted anew after this share of it was added. */
const COUNT_AFTER = 1 / 16;

export interface CacheCounts {
  /** Pieces that lay in the cache, that were fetched, and that were fetched although they lay there. */
  hits: number;
  fetched: number;
  damaged: number;
  evicted: number;
}

export class NodeCache {
  readonly folder: string;
  readonly #maxBytes: number;
  readonly counts: CacheCounts = { hits: 0, fetched: 0, damaged: 0, evicted: 0 };
  #added = Number.POSITIVE_INFINITY;
  #evicting: Promise<void> | undefined;

  private constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL` when the folder cannot be made */
  static async open(folder: string, maxBytes: number): Promise<NodeCache> {
    await mkdir(folder, { recursive: true }).catch((error) => {
      throw writeError(error, folder, 'making the cache');
    });
    return new NodeCache(folder, maxBytes);
  }

  /**
   * @param key text that names the piece and the version of its file
   * @param fetch gets it from afar; of the processes that want a piece at the same time, one fetches it
   * @param into memory to use for a piece that lies in the cache, if it is large enough
   */
  async get(key: string, fetch: () => Promise<Buffer>, into?: Buffer): Promise<Buffer> {
    const path = join(this.folder, `${createHash('sha256').update(key).digest('hex')}.piece`);
    for (const start = performance.now(); ; await untilGone(`${path}.wanted`)) {
      const found = await this.#read(path, into);
      if (found) return found;
      if (await claim(`${path}.wanted`, performance.now() - start > PATIENCE_MS)) break;
    }
    try {
      // It may have come between the look and the claim.
      const found = await this.#read(path, into);
      if (found) return found;
      const bytes = await fetch();
      this.counts.fetched++;
      await this.#keep(path, bytes);
      return bytes;
    } finally {
      await rm(`${path}.wanted`, { force: true }).catch(() => undefined);
    }
  }

  async #read(path: string, into?: Buffer): Promise<Buffer | undefined> {
    const file = await open(path).catch((error) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return undefined;
    try {
      const { size, mtimeMs } = await file.stat();
      const bytes = await readWhole(file, size - SUM_BYTES, into);
      if (bytes) {
        this.counts.hits++;
        const now = Date.now();
        if (now - mtimeMs > TOUCH_AFTER_MS) {
          await file.utimes(now / 1000, now / 1000).catch(() => undefined);
        }
        return bytes;
      }
    } finally {
      await file.close();
    }
    this.counts.damaged++;
    await rm(path, { force: true });
    return undefined;
  }

  /** A full disk costs speed, not the run: the piece is then used without being kept. */
  async #keep(path: string, bytes: Buffer): Promise<void> {
    const sum = Buffer.alloc(SUM_BYTES);
    sum.writeUInt32LE(crc32(bytes));
    const aside = `${path}.${process.pid}.tmp`;
    try {
      await writeFile(aside, [bytes, sum]);
      await rename(aside, path);
    } catch {
      await rm(aside, { force: true }).catch(() => undefined);
      this.#added = Number.POSITIVE_INFINITY;
    }
    this.#added += bytes.length;
    if (this.#added > this.#maxBytes * COUNT_AFTER) {
      this.#evicting ??= this.#evict().finally(() => {
        this.#evicting = undefined;
      });
      await this.#evicting;
    }
  }

  /** Removes what was used longest ago, until the rest fits; never what is in use. */
  async #evict(): Promise<void> {
    this.#added = 0;
    const pieces: { path: string; size: number; used: number }[] = [];
    for (const name of await readdir(this.folder)) {
      if (!name.endsWith('.piece')) continue;
      const path = join(this.folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found) pieces.push({ path, size: found.size, used: found.mtimeMs });
    }
    let total = pieces.reduce((sum, { size }) => sum + size, 0);
    const room = this.#maxBytes * (1 - COUNT_AFTER);
    for (const { path, size, used } of pieces.sort((a, b) => a.used - b.used)) {
      if (total <= room || Date.now() - used < IN_USE_MS) break;
      await rm(path, { force: true });
      this.counts.evicted++;
      total -= size;
    }
  }
}

/** @returns undefined when the checksum behind the bytes is not theirs */
async function readWhole(
  file: FileHandle,
  length: number,
  into: Buffer | undefined,
): Promise<Buffer | undefined> {
  if (length < 0) return undefined;
  const bytes = into && into.length >= length ? into.subarray(0, length) : Buffer.alloc(length);
  const sum = Buffer.alloc(SUM_BYTES);
  const { bytesRead } = await file.readv([bytes, sum], 0);
  const isWhole = bytesRead === length + SUM_BYTES && sum.readUInt32LE() === crc32(bytes);
  return isWhole ? bytes : undefined;
}

/** Waits until another process lets go of a piece, but not for long: it may have died. */
async function untilGone(path: string): Promise<void> {
  for (let polls = 0; polls < POLLS; polls++) {
    await sleep(POLL_MS);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere) return;
  }
}

/** @param isOld whether the process that has the claim is not waited for any longer */
async function claim(path: string, isOld: boolean): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw writeError(error, path, 'using the cache');
    return isOld || isDead(await readFile(path, 'utf8').catch(() => ''));
  }
}

function isDead(pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}
