/**
 * A lock as objects below a prefix, one for each holder. What a folder does by renames and writes in
 * place is done here by conditional puts: a record is made only if it is absent, and written only
 * while it is the one that was read.
 */
import { randomBytes } from 'node:crypto';
import { CodecLmError } from '../error.ts';
import { isRemote, joinPlace, remoteStorage } from '../storage/index.ts';
import { objectOf } from '../storage/place.ts';
import { isMissing, storageError } from '../storage/s3/errors.ts';
import { FolderStore } from './folder-store.ts';
import { startObjectHeart } from './object-heart.ts';
import { type BeatOptions, type Entry, type LockStore, tokenIn } from './store.ts';

/** The store of a lock, by the kind of its place. */
export function lockStoreOf(place: string): LockStore {
  return isRemote(place) ? new ObjectStore(place) : new FolderStore(place);
}

export class ObjectStore implements LockStore {
  readonly place: string;
  readonly #storage = remoteStorage();

  constructor(place: string) {
    this.place = place;
  }

  /** Listings of S3 show every object that was there before the request. */
  list(): Promise<string[]> {
    return this.#storage.names(this.place);
  }

  async read(name: string): Promise<Entry | undefined> {
    const found = await this.#get(name);
    return found && { name, text: found.content.toString('utf8'), modified: found.modified };
  }

  /** @throws CodecLmError `OUTPUT_UNWRITABLE` also for a storage that ignores conditions */
  async publish(name: string, text: string): Promise<void> {
    const place = this.pathOf(name);
    const content = Buffer.from(text);
    if (!(await this.#storage.putIfAbsent(place, content))) throw this.#unusable(place);
    // A storage without conditional puts would say yes again, and no lock could be kept in it.
    if (await this.#storage.putIfAbsent(place, content)) {
      await this.remove(name);
      throw this.#unusable(place);
    }
  }

  async rewrite(name: string, token: string, text: string): Promise<boolean> {
    const found = await this.#get(name);
    if (!found || tokenIn(found.content.toString('utf8')) !== token) return false;
    try {
      const { etag } = found;
      const object = objectOf(this.pathOf(name));
      return (await this.#storage.client.put(object, Buffer.from(text), { etag })) !== undefined;
    } catch (error) {
      throw storageError(error, this.pathOf(name), 'writing');
    }
  }

  remove(name: string): Promise<void> {
    return this.#storage.remove(this.pathOf(name));
  }

  async holds(name: string, token: string): Promise<boolean> {
    return tokenIn((await this.read(name))?.text ?? '') === token;
  }

  beat(name: string, options: BeatOptions): () => void {
    return startObjectHeart({ place: this.pathOf(name), ...options });
  }

  async now(): Promise<number> {
    const place = `${this.place}-clock-${randomBytes(8).toString('hex')}`;
    await this.#storage.putIfAbsent(place, Buffer.alloc(0));
    const found = await this.#storage.find(place);
    await this.#storage.remove(place);
    return found?.modified ?? Date.now();
  }

  pathOf(name: string): string {
    return joinPlace(this.place, name);
  }

  async tidy(): Promise<void> {}

  async close(): Promise<void> {}

  /**
   * No request can be sent while a process exits. The record stays; who finds it on this machine
   * sees that the process is gone, others that its heart has stopped.
   */
  removeAtExit(): void {}

  async #get(name: string) {
    try {
      return await this.#storage.client.get(objectOf(this.pathOf(name)));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError(error, this.pathOf(name), 'reading');
    }
  }

  #unusable(path: string): CodecLmError {
    return new CodecLmError(
      'OUTPUT_UNWRITABLE',
      `${this.place}: the storage ignores conditional puts (If-None-Match), so two runs could write at once`,
      { path, hint: 'AWS, Google, R2 and MinIO have them: use such a storage, or a local `out`' },
    );
  }
}
