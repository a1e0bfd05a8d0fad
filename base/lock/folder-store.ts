/** A lock as a folder with one file for each holder; works on local disks and network shares. */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodecLmError, systemCode } from '../error.ts';
import { readError, writeError } from '../file-error.ts';
import { makeFolder } from '../files.ts';
import { startHeart } from './heart.ts';
import { type BeatOptions, type Entry, type LockStore, tokenIn } from './store.ts';

/**
 * Attempts while one process removes the folder and another makes it again; only such a race uses
 * one up.
 */
const TRIES = 100;

export class FolderStore implements LockStore {
  readonly place: string;

  /** @param folder is made when it is needed and removed when it is empty */
  constructor(folder: string) {
    this.place = folder;
  }

  /**
   * A file in the place of the folder is a lock of version 0.1; it is listed under the name ''.
   * Reading a directory is not atomic, but a file that exists during the whole call is never
   * missed, because lock files keep their names.
   */
  async list(): Promise<string[]> {
    try {
      return (await readdir(this.place)).filter((name) => !name.startsWith('.'));
    } catch (error) {
      if (systemCode(error) === 'ENOTDIR') return [''];
      if (systemCode(error) === 'ENOENT') return [];
      throw readError(error, this.place, 'looking at the lock');
    }
  }

  /**
   * Opening the file makes a network share ask its server: attributes alone may be a minute old.
   */
  async read(name: string): Promise<Entry | undefined> {
    const path = this.pathOf(name);
    try {
      const file = await open(path, 'r');
      try {
        const { mtimeMs } = await file.stat();
        return { name, text: await file.readFile('utf8'), modified: mtimeMs };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isGone(error)) return undefined;
      throw readError(error, path, 'looking at the lock');
    }
  }

  async publish(name: string, text: string): Promise<void> {
    const path = this.pathOf(name);
    const aside = join(this.place, `.${name}.tmp`);
    for (let tried = 1; ; tried++) {
      try {
        await makeFolder(this.place);
        await writeFile(aside, text, { flag: 'wx' });
        return await rename(aside, path);
      } catch (error) {
        await rm(aside, { force: true }).catch(() => undefined);
        const system = systemCode(error instanceof CodecLmError ? error.cause : error) ?? '';
        if (!['ENOENT', 'EEXIST'].includes(system) || tried === TRIES) {
          throw writeError(error, path, 'making the lock');
        }
      }
    }
  }

  /**
   * Writes through the descriptor: even if the name now stands for another file, only our own file
   * is written.
   */
  async rewrite(name: string, token: string, text: string): Promise<boolean> {
    const path = this.pathOf(name);
    try {
      const file = await open(path, 'r+');
      try {
        if (tokenIn(await file.readFile('utf8')) !== token) return false;
        await file.write(text, 0);
        return true;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isGone(error)) return false;
      throw writeError(error, path, 'writing the lock');
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.pathOf(name);
    try {
      await rm(path, { force: true });
    } catch (error) {
      // Another process made a folder where a file of version 0.1 was: the file to remove is
      // gone.
      if (systemCode(error) === 'ERR_FS_EISDIR') return;
      throw writeError(error, path, 'removing the lock');
    }
  }

  holds(name: string, token: string): boolean {
    const path = this.pathOf(name);
    try {
      return tokenIn(readFileSync(path, 'utf8')) === token;
    } catch (error) {
      if (isGone(error)) return false;
      throw readError(error, path, 'looking at the lock');
    }
  }

  beat(name: string, options: BeatOptions): () => void {
    return startHeart({ path: this.pathOf(name), ...options });
  }

  async now(): Promise<number> {
    const path = join(dirname(this.place), `.clock-${randomBytes(8).toString('hex')}.tmp`);
    try {
      await writeFile(path, '', { flag: 'wx' });
      return (await stat(path)).mtimeMs;
    } catch (error) {
      throw writeError(error, this.place, 'making the lock');
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  pathOf(name: string): string {
    return name === '' ? this.place : join(this.place, name);
  }

  /** May remove the draft of a living process, which then makes another one. */
  async tidy(): Promise<void> {
    const names = await readdir(this.place).catch(() => []);
    const drafts = names.filter((name) => /^\..*\.tmp$/.test(name));
    for (const name of drafts) await rm(join(this.place, name), { force: true });
  }

  async close(): Promise<void> {
    await rmdir(this.place).catch(() => undefined);
  }

  removeAtExit(name: string, token: string): void {
    try {
      if (!this.holds(name, token)) return;
      rmSync(this.pathOf(name), { force: true });
      rmdirSync(this.place);
    } catch {
      // Other records are still in the folder, or a dead process left files in it.
    }
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '');
}
