/** One signed request to a server that speaks S3, and its whole reply. Nothing is tried again here. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type Aws4 from 'aws4';
import { loadOptional } from '../../optional.ts';
import { encodePart, endpointOf } from './endpoint.ts';
import type { Credentials } from './keys.ts';

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  bucket: string;
  /** '' for the bucket itself. */
  key: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  /** Memory for the body of the reply, if it is large enough. */
  into?: Buffer;
  /** Gives the memory for the body when its size is known and `into` is not given. */
  allocate?: (size: number) => Buffer;
  /** Most bytes of the body that are read. */
  limit?: number;
}

export interface S3Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** A connection on which nothing happens for this time counts as lost. */
const IDLE_MS = 20_000;
/** More connections than this help no machine; the limiter allows fewer under pressure. */
const MAX_SOCKETS = 64;

/** A stated size above this is not believed before the bytes come. */
const MAX_AT_ONCE = 64 * 2 ** 20;

const agents = {
  http: new http.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' }),
  https: new https.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' }),
};

/** The request as node sends it, with its signature (AWS Signature Version 4). */
export function signed(request: S3Request, credentials: Credentials) {
  const { method, bucket, key, query, headers, body } = request;
  const { isSecure, hostname, port, host, region, path } = endpointOf(bucket, key);
  const text = Object.entries(query ?? {})
    .map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`)
    .join('&');
  const content = body ?? new Uint8Array(0);
  const unsigned = {
    service: 's3',
    region,
    method,
    host,
    path: text ? `${path}?${text}` : path,
    headers: {
      ...headers,
      // The server compares it with what it has received.
      'X-Amz-Content-Sha256': createHash('sha256').update(content).digest('hex'),
      ...(method === 'PUT' || method === 'POST'
        ? { 'Content-Length': String(content.length), 'Content-Type': 'application/octet-stream' }
        : {}),
    },
  };
  const aws4 = loadOptional<typeof Aws4>('aws4', 'places on S3');
  const ready = aws4.sign(unsigned, credentials);
  return { isSecure, hostname, port, method, path: ready.path!, headers: ready.headers! };
}

/** @throws the error of the connection, or `BodyTooLarge` */
export function sendOnce(request: S3Request, credentials: Credentials): Promise<S3Reply> {
  const { isSecure, ...options } = signed(request, credentials);
  return new Promise((resolve, reject) => {
    const agent = isSecure ? agents.https : agents.http;
    const outgoing = (isSecure ? https : http).request(
      { ...options, headers: options.headers as http.OutgoingHttpHeaders, agent },
      (reply) => collect(reply, request).then(resolve, reject),
    );
    outgoing.setTimeout(IDLE_MS, () => outgoing.destroy(timeout()));
    outgoing.once('error', reject);
    outgoing.end(request.body);
  });
}

export class BodyTooLarge extends Error {}

async function collect(
  reply: http.IncomingMessage,
  { method, into, allocate, limit = Number.POSITIVE_INFINITY }: S3Request,
): Promise<S3Reply> {
  const status = reply.statusCode ?? 0;
  const stated = Number(reply.headers['content-length'] ?? Number.NaN);
  if (method !== 'HEAD' && stated > limit) {
    reply.destroy();
    throw new BodyTooLarge(`${stated} bytes, the limit is ${limit}`);
  }
  // The size is known in most cases: the body then takes its memory once.
  const target =
    isPlain(status) && method !== 'HEAD' ? memoryOf(stated, into, allocate) : undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    if (target) chunk.copy(target, length);
    else chunks.push(chunk);
    length += chunk.length;
    if (length > limit) {
      reply.destroy();
      throw new BodyTooLarge(`more than ${limit} bytes`);
    }
  }
  if (method !== 'HEAD' && length < stated) throw cut(length, stated);
  const body = target ? target.subarray(0, length) : Buffer.concat(chunks);
  return { status, headers: reply.headers, body };
}

function isPlain(status: number): boolean {
  return status === 200 || status === 206;
}

function memoryOf(
  size: number,
  into: Buffer | undefined,
  allocate: (size: number) => Buffer = Buffer.allocUnsafe,
): Buffer | undefined {
  if (!(size <= MAX_AT_ONCE)) return undefined;
  return into && size <= into.length ? into : allocate(size);
}

function timeout(): Error {
  return Object.assign(new Error(`no answer for ${IDLE_MS / 1000} s`), { code: 'ETIMEDOUT' });
}

function cut(length: number, stated: number): Error {
  const message = `the reply ended after ${length} of ${stated} bytes`;
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}
