/**
 * Copies of videos that are not files of this machine, or lie in an archive in pieces: fetched once for
 * all clips of a video. Those that nobody reads are kept for a little, since clips of a video follow each
 * other.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from '../../base/file-error.ts';
import type { FileSpan } from '../../tokenizer/index.ts';

/** Copies that stay although nobody reads them at the moment. */
const IDLE = 2;

/** Copies that are read at once: the temporary folder has to hold them. */
const AT_ONCE = 16;

interface Copy {
  readers: number;
  folder: Promise<string>;
  file: Promise<FileSpan>;
}

export class Copies {
  readonly #copies = new Map<string, Copy>();
  /** Copies that could not be made: nobody else gets them. */
  readonly #failed = new WeakSet<Copy>();
  #idle = IDLE;
  /** Readers of further videos. */
  #waiting: (() => void)[] = [];

  /**
   * @param fetch reads the content; called when there is no copy
   * @throws what `fetch` throws, for all who wait for this copy; the next reader fetches again; `DISK_FULL` …
   */
  async use<T>(
    key: string,
    fetch: () => Promise<Buffer>,
    work: (file: FileSpan) => Promise<T>,
  ): Promise<T> {
    while (!this.#copies.has(key) && this.#inUse() >= AT_ONCE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const copy = this.#copies.get(key) ?? this.#begin(key, fetch);
    copy.readers++;
    try {
      const file = await copy.file.catch((error) => {
        this.#failed.add(copy);
        throw error;
      });
      return await work(file);
    } finally {
      copy.readers--;
      for (const resume of this.#waiting.splice(0)) resume();
      await this.#removeIdle();
    }
  }

  /** Removes all copies; those that are being read go with their last reader. */
  close(): Promise<void> {
    this.#idle = 0;
    return this.#removeIdle();
  }

  #inUse(): number {
    return [...this.#copies.values()].filter(({ readers }) => readers > 0).length;
  }

  #begin(key: string, fetch: () => Promise<Buffer>): Copy {
    const prefix = join(tmpdir(), 'codec-lm-video-');
    const folder = mkdtemp(prefix).catch((error) => {
      throw writeError(error, prefix, 'making a temporary folder');
    });
    const copy = { readers: 0, folder, file: write(folder, fetch) };
    this.#copies.set(key, copy);
    return copy;
  }

  async #removeIdle(): Promise<void> {
    const idle = [...this.#copies].filter(([, { readers }]) => readers === 0);
    const isLong = idle.length - this.#idle;
    const old = idle.filter(([, copy], i) => i < isLong || this.#failed.has(copy));
    for (const [key] of old) this.#copies.delete(key);
    for (const [, { folder }] of old) {
      const path = await folder.catch(() => undefined);
      if (path) await rm(path, { recursive: true, force: true });
    }
  }
}

async function write(folder: Promise<string>, fetch: () => Promise<Buffer>): Promise<FileSpan> {
  const path = join(await folder, 'video');
  const content = await fetch();
  await writeFile(path, content).catch((error) => {
    throw writeError(error, path);
  });
  return { path: Buffer.from(path), offset: 0, size: content.length, isMember: false };
}
