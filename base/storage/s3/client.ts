/** The requests of S3 that this project uses, each tried again until it is clear how it ended. */
import { createHash } from 'node:crypto';
import { isMissing, isWithoutReason, S3Failure } from './errors.ts';
import type { S3Request } from './request.ts';
import { Retrying } from './retry.ts';
import {
  completeXml,
  deleteXml,
  elementsOf,
  elementText,
  type ListedPage,
  parseListing,
  parseUploads,
} from './xml.ts';

export interface ObjectName {
  bucket: string;
  key: string;
}

export interface ObjectFacts {
  size: number;
  etag: string;
  modified: number;
}

export interface ObjectContent extends ObjectFacts {
  content: Buffer;
}

/** `absent`: only if no object is there; an ETag: only if the object is still that one. */
export type PutCondition = 'absent' | { etag: string };

/** S3 lists at most this many keys, and removes as many at once. */
const PAGE = 1000;

export class S3Client {
  readonly #retrying = new Retrying();

  async head(name: ObjectName): Promise<ObjectFacts | undefined> {
    try {
      return await this.#headOnce(name);
    } catch (error) {
      if (!isWithoutReason(error)) throw error;
      // A reply to HEAD has no body: only that to a GET says whether the credentials have expired.
      await this.range(name, 0, 1);
      return this.#headOnce(name);
    }
  }

  async #headOnce(name: ObjectName): Promise<ObjectFacts | undefined> {
    const { status, headers } = await this.#send({ method: 'HEAD', ...name }, [404]);
    if (status === 404) return undefined;
    return factsOf(headers, Number(headers['content-length'] ?? 0));
  }

  /** @throws S3Failure; `BodyTooLarge` */
  async get(
    name: ObjectName,
    options: Pick<S3Request, 'limit' | 'allocate'> = {},
  ): Promise<ObjectContent> {
    const { headers, body } = await this.#send({ method: 'GET', ...name, ...options });
    return { ...factsOf(headers, body.length), content: body };
  }

  /** @returns the bytes that are there, which may be fewer */
  async range(name: ObjectName, offset: number, length: number, into?: Buffer): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    const request = { method: 'GET', ...name, headers, into, limit: length } as const;
    const { status, body } = await this.#send(request, [416]);
    if (status === 416) return Buffer.alloc(0);
    return body;
  }

  async list(
    bucket: string,
    prefix: string,
    { delimiter, token, most = PAGE }: { delimiter?: string; token?: string; most?: number } = {},
  ): Promise<ListedPage> {
    const query: Record<string, string> = {
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': String(most),
      prefix,
    };
    if (delimiter) query.delimiter = delimiter;
    if (token) query['continuation-token'] = token;
    const { body } = await this.#send({ method: 'GET', bucket, key: '', query });
    return parseListing(body.toString('utf8'));
  }

  /** @returns the ETag; undefined when the condition does not hold */
  async put(
    name: ObjectName,
    content: Uint8Array,
    condition?: PutCondition,
  ): Promise<string | undefined> {
    const headers: Record<string, string> = {};
    if (condition === 'absent') headers['If-None-Match'] = '*';
    else if (condition) headers['If-Match'] = condition.etag;
    const expected = condition === undefined ? [] : [404, 412];
    const request = { method: 'PUT', ...name, headers, body: content } as const;
    const reply = await this.#send(request, expected);
    if (reply.status === 404 && elementText(reply.body.toString(), 'Code') === 'NoSuchBucket') {
      throw new S3Failure(reply);
    }
    if (reply.status < 300) return String(reply.headers.etag ?? '');
    if (!reply.isRepeated) return undefined;
    // The first try may have made the object, and only its reply was lost.
    const now = await this.get(name).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return now?.content.equals(content) ? now.etag : undefined;
  }

  async remove(name: ObjectName): Promise<void> {
    await this.#send({ method: 'DELETE', ...name }, [404]);
  }

  /** @param keys at most 1,000 */
  async removeMany(bucket: string, keys: readonly string[]): Promise<void> {
    const body = deleteXml(keys);
    const headers = { 'Content-MD5': createHash('md5').update(body).digest('base64') };
    const request = {
      method: 'POST',
      bucket,
      key: '',
      query: { delete: '' },
      headers,
      body,
    } as const;
    const reply = await this.#send(request);
    const [failed] = elementsOf(reply.body.toString('utf8'), 'Error');
    if (failed) throw new S3Failure({ ...reply, status: 403, body: Buffer.from(failed) });
  }

  async beginUpload(name: ObjectName): Promise<string> {
    const { body } = await this.#send({ method: 'POST', ...name, query: { uploads: '' } });
    return elementText(body.toString('utf8'), 'UploadId') ?? '';
  }

  /** @returns the ETag of the part */
  async uploadPart(
    name: ObjectName,
    uploadId: string,
    number: number,
    body: Uint8Array,
  ): Promise<string> {
    const query = { partNumber: String(number), uploadId };
    const { headers } = await this.#send({ method: 'PUT', ...name, query, body });
    return String(headers.etag ?? '');
  }

  /** @param size bytes of all parts together */
  async completeUpload(
    name: ObjectName,
    uploadId: string,
    etags: readonly string[],
    size: number,
  ): Promise<void> {
    const body = completeXml(etags);
    const request = { method: 'POST', ...name, query: { uploadId }, body } as const;
    const reply = await this.#send(request, [404]);
    const problem = elementText(reply.body.toString('utf8'), 'Code');
    if (reply.status === 200 && problem === undefined) return;
    // The upload is gone: an earlier try has completed it if the object is there.
    const now = reply.isRepeated ? await this.head(name) : undefined;
    if (now?.size !== size) throw new S3Failure(reply);
  }

  async abortUpload(name: ObjectName, uploadId: string): Promise<void> {
    await this.#send({ method: 'DELETE', ...name, query: { uploadId } }, [404]);
  }

  /** Uploads under a prefix that nobody has finished. */
  async uploads(bucket: string, prefix: string): Promise<{ key: string; id: string }[]> {
    const query = { uploads: '', prefix, 'encoding-type': 'url' };
    const { body } = await this.#send({ method: 'GET', bucket, key: '', query });
    return parseUploads(body.toString('utf8')).filter(({ key }) => key.startsWith(prefix));
  }

  #send(request: S3Request, expected?: readonly number[]) {
    return this.#retrying.send(request, expected);
  }
}

function factsOf(headers: Record<string, unknown>, size: number): ObjectFacts {
  const modified = Date.parse(String(headers['last-modified'] ?? ''));
  return {
    size,
    etag: String(headers.etag ?? ''),
    modified: Number.isNaN(modified) ? 0 : modified,
  };
}
