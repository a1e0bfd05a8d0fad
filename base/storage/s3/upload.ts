/**
 * An object that is written piece by piece. A small one is put at once; a large one is uploaded in
 * parts, which become an object only when all are there. So a reader never sees a part of it.
 */
import { createHash, type Hash } from 'node:crypto';
import type { OutputFile } from '../storage.ts';
import type { ObjectName, S3Client } from './client.ts';
import { storageError } from './errors.ts';

/** Bytes of a part; S3 takes 10,000 parts of at least 5 MiB. Parts grow, so that 5 TB fit. */
const FIRST_PART = 8 * 2 ** 20;
const GROW_EVERY = 1000;

/** Parts that are uploaded at once. */
const AT_ONCE = 2;

export class Upload implements OutputFile {
  readonly path: string;
  bytes = 0;
  readonly #client: S3Client;
  readonly #name: ObjectName;
  readonly #hash: Hash | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #id: string | undefined;
  readonly #parts: Promise<string>[] = [];

  constructor(client: S3Client, place: string, name: ObjectName, hashed: boolean) {
    this.#client = client;
    this.path = place;
    this.#name = name;
    this.#hash = hashed ? createHash('sha256') : undefined;
  }

  async write(...buffers: Uint8Array[]): Promise<void> {
    for (const buffer of buffers) {
      this.#hash?.update(buffer);
      this.bytes += buffer.length;
      // The caller may use its memory again.
      this.#pending.push(Uint8Array.prototype.slice.call(buffer));
      this.#pendingBytes += buffer.length;
    }
    const size = FIRST_PART * (1 + Math.floor(this.#parts.length / GROW_EVERY));
    if (this.#pendingBytes >= size) await this.#guard(() => this.#flush());
  }

  hashSoFar(): string {
    return this.#hash!.copy().digest('hex');
  }

  async commit(): Promise<{ bytes: number; sha256: string }> {
    await this.#guard(async () => {
      if (this.#id === undefined) {
        await this.#client.put(this.#name, this.#take());
        return;
      }
      if (this.#pendingBytes > 0) await this.#flush();
      const etags = await Promise.all(this.#parts);
      await this.#client.completeUpload(this.#name, this.#id, etags, this.bytes);
    });
    return { bytes: this.bytes, sha256: this.#hash?.digest('hex') ?? '' };
  }

  async abort(): Promise<void> {
    await Promise.allSettled(this.#parts);
    if (this.#id === undefined) return;
    await this.#client.abortUpload(this.#name, this.#id).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    this.#id ??= await this.#client.beginUpload(this.#name);
    await this.#parts[this.#parts.length - AT_ONCE];
    const number = this.#parts.length + 1;
    const part = this.#client.uploadPart(this.#name, this.#id, number, this.#take());
    // Its error is thrown where the part is awaited.
    part.catch(() => undefined);
    this.#parts.push(part);
  }

  #take(): Buffer {
    const content = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return content;
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw storageError(error, this.path, 'writing');
    }
  }
}
