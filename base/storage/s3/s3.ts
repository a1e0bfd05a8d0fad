/** Object storage as a storage: S3, and every server that speaks it. */
import { CodecLmError, type ErrorCode } from '../../error.ts';
import { objectOf } from '../place.ts';
import type {
  FoundPlace,
  OpenFile,
  OutputFile,
  PlaceStorage,
  ReadOptions,
  StoredFile,
} from '../storage.ts';
import { type ObjectName, S3Client } from './client.ts';
import { storageError } from './errors.ts';
import { BodyTooLarge } from './request.ts';
import { Upload } from './upload.ts';

/** Bytes of a request when a whole object is streamed. */
const CHUNK = 8 * 2 ** 20;
/** Requests at once when many objects are removed or looked up. */
const PAGE = 1000;

export class S3Storage implements PlaceStorage {
  readonly client = new S3Client();

  async find(place: string): Promise<FoundPlace | undefined> {
    return this.#reading(place, async () => {
      const { bucket, key } = objectOf(place);
      const facts = key && !key.endsWith('/') ? await this.client.head({ bucket, key }) : undefined;
      if (facts) return { isFolder: false, size: facts.size, modified: facts.modified };
      const { objects } = await this.client.list(bucket, folderPrefix(key), { most: 1 });
      return objects.length > 0 ? { isFolder: true, size: 0, modified: 0 } : undefined;
    });
  }

  async names(folder: string): Promise<string[]> {
    const { bucket, key } = objectOf(folder);
    const prefix = folderPrefix(key);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#listing(folder, () =>
        this.client.list(bucket, prefix, { delimiter: '/', token }),
      );
      const keys = page.objects.map((object) => object.key);
      const folders = page.prefixes.map((name) => name.replace(/\/$/, ''));
      names.push(...[...keys, ...folders].map((name) => name.slice(prefix.length)).filter(Boolean));
      token = page.next;
    } while (token !== undefined);
    return names;
  }

  /** The next page is asked for while one is being used. */
  async *listAll(folder: string, signal?: AbortSignal): AsyncGenerator<StoredFile> {
    const { bucket, key } = objectOf(folder);
    const prefix = folderPrefix(key);
    const ask = (token?: string) =>
      this.#listing(folder, () => this.client.list(bucket, prefix, { token }));
    let next = ask();
    for (;;) {
      const page = await next;
      signal?.throwIfAborted();
      if (page.next !== undefined) {
        next = ask(page.next);
        next.catch(() => undefined);
      }
      for (const object of page.objects) {
        yield { name: object.key.slice(prefix.length), size: object.size };
      }
      if (page.next === undefined) return;
    }
  }

  async readRange(place: string, offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const bytes = await this.#reading(place, () =>
      this.client.range(objectOf(place), offset, length, into),
    );
    if (bytes.length < length) {
      throw new RangeError(`cut off: ${bytes.length} of ${length} bytes at ${offset}`);
    }
    return bytes;
  }

  async read(place: string, { limit, code, allocate }: ReadOptions = {}): Promise<Buffer> {
    return this.#reading(place, async () => {
      try {
        return (await this.client.get(objectOf(place), { limit, allocate })).content;
      } catch (error) {
        if (error instanceof BodyTooLarge) throw tooLarge(place, error, code);
        throw error;
      }
    });
  }

  async *stream(place: string): AsyncGenerator<Buffer> {
    const file = await this.open(place);
    for (let offset = 0; offset < file.size; offset += CHUNK) {
      yield await file.read(offset, Math.min(CHUNK, file.size - offset));
    }
  }

  async open(place: string): Promise<OpenFile> {
    const name = objectOf(place);
    const facts = await this.#reading(place, () => this.client.head(name));
    if (!facts) throw missing(place);
    return new RemoteFile(this.client, place, name, facts.size);
  }

  async create(place: string, { hashed = true } = {}): Promise<OutputFile> {
    return new Upload(this.client, place, objectOf(place), hashed);
  }

  async putIfAbsent(place: string, content: Uint8Array): Promise<boolean> {
    return this.#writing(place, async () => {
      return (await this.client.put(objectOf(place), content, 'absent')) !== undefined;
    });
  }

  async remove(place: string): Promise<void> {
    await this.#writing(place, () => this.client.remove(objectOf(place)));
  }

  async removeAll(folder: string): Promise<void> {
    const { bucket, key } = objectOf(folder);
    let keys: string[] = [];
    const flush = async () => {
      if (keys.length > 0) await this.#writing(folder, () => this.client.removeMany(bucket, keys));
      keys = [];
    };
    for await (const { name } of this.listAll(folder)) {
      if (keys.push(folderPrefix(key) + name) === PAGE) await flush();
    }
    await flush();
  }

  async makeFolder(): Promise<void> {}

  /** Aborts the uploads below a folder that killed processes have left. */
  async abortUploads(folder: string, isOurs: (name: string) => boolean): Promise<void> {
    const { bucket, key } = objectOf(folder);
    const prefix = folderPrefix(key);
    await this.#writing(folder, async () => {
      for (const upload of await this.client.uploads(bucket, prefix)) {
        if (!isOurs(upload.key.slice(prefix.length))) continue;
        await this.client.abortUpload({ bucket, key: upload.key }, upload.id);
      }
    });
  }

  async #reading<T>(place: string, work: () => Promise<T>): Promise<T> {
    return guard(place, 'reading', work);
  }

  async #listing<T>(place: string, work: () => Promise<T>): Promise<T> {
    return guard(place, 'listing', work);
  }

  async #writing<T>(place: string, work: () => Promise<T>): Promise<T> {
    return guard(place, 'writing', work);
  }
}

async function guard<T>(
  place: string,
  doing: Parameters<typeof storageError>[2],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error, place, doing);
  }
}

function tooLarge(place: string, cause: Error, code: ErrorCode = 'INPUT_UNREADABLE'): CodecLmError {
  return new CodecLmError(code, `${place} is too large: ${cause.message}`, { cause, path: place });
}

/** '' for the bucket itself, so that its listing has no prefix. */
function folderPrefix(key: string): string {
  return key === '' || key.endsWith('/') ? key : `${key}/`;
}

function missing(place: string): CodecLmError {
  return new CodecLmError('INPUT_NOT_FOUND', `reading ${place}: no such object`, { path: place });
}

class RemoteFile implements OpenFile {
  readonly size: number;
  readonly #client: S3Client;
  readonly #place: string;
  readonly #name: ObjectName;

  constructor(client: S3Client, place: string, name: ObjectName, size: number) {
    this.#client = client;
    this.#place = place;
    this.#name = name;
    this.size = size;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const bytes = await guard(this.#place, 'reading', () =>
      this.#client.range(this.#name, offset, length, into),
    );
    if (bytes.length < length) throw new RangeError('the object has become shorter');
    return bytes;
  }

  async close(): Promise<void> {}
}
