/**
 * A folder as an object storage far away, as a process: each file below it is an object of the bucket
 * `bucket`. It answers HEAD, GET with ranges, and listings; each request takes some milliseconds longer,
 * and all bodies together come at some megabytes per second. It prints its port.
 * Usage: node bin/start.js bench/s3/file-server.ts FOLDER [LATENCY_MS = 50] [MB_PER_SECOND = 100]
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BUCKET = 'bucket';
const PAGE = 1000;
const CHUNK = 1 << 18;

const [folder, latency = '50', rate = '100'] = process.argv.slice(2);
const latencyMs = Number(latency);
const bytesPerMs = Number(rate) * 1000;

interface Stored {
  path: string;
  size: number;
}

const objects = new Map<string, Stored>();
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  objects.set(relative(folder, path), { path, size: (await stat(path)).size });
}
const keys = [...objects.keys()].sort();

/** When the line is free again: bodies go through it one piece after the other. */
let freeAt = 0;

async function untilSent(bytes: number): Promise<void> {
  const now = performance.now();
  freeAt = Math.max(freeAt, now) + bytes / bytesPerMs;
  // Timers are good for a millisecond; what is shorter is made up for by the next piece.
  if (freeAt - now > 2) await sleep(freeAt - now);
}

async function answer(request: http.IncomingMessage, reply: http.ServerResponse): Promise<void> {
  const url = new URL(request.url!, 'http://storage');
  const key = decodeURIComponent(url.pathname.slice(BUCKET.length + 2));
  if (key === '') return list(url.searchParams, reply);
  const found = objects.get(key);
  if (!found) return void reply.writeHead(404, { 'content-type': 'application/xml' }).end(NONE);
  const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = Math.min(found.size, range?.[2] ? Number(range[2]) + 1 : found.size);
  if (start >= end && found.size > 0) return void reply.writeHead(416).end();
  reply.writeHead(range ? 206 : 200, {
    'content-length': end - start,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    etag: `"${found.size.toString(16).padStart(32, '0')}"`,
    'last-modified': 'Mon, 30 Nov 2026 12:00:00 GMT',
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${found.size}` } : {}),
  });
  if (request.method === 'HEAD' || found.size === 0) return void reply.end();
  const file = createReadStream(found.path, { start, end: end - 1, highWaterMark: CHUNK });
  for await (const chunk of file) {
    await untilSent(chunk.length);
    if (reply.destroyed) return;
    if (!reply.write(chunk)) await untilTaken(reply);
  }
  reply.end();
}

/** Waits until the receiver has taken what was written, or is gone. */
function untilTaken(reply: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      reply.off('drain', end).off('close', end);
      resolve();
    };
    reply.on('drain', end).on('close', end);
  });
}

const NONE = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>';

function list(query: URLSearchParams, reply: http.ServerResponse): void {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const most = Math.min(PAGE, Number(query.get('max-keys') ?? PAGE));
  const contents: string[] = [];
  const folders = new Set<string>();
  let at = Number(query.get('continuation-token') ?? 0);
  for (; at < keys.length && contents.length + folders.size < most; at++) {
    const key = keys[at];
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    if (cut >= 0) folders.add(encodeURIComponent(key.slice(0, cut + 1)));
    else contents.push(entryOf(key));
  }
  const isTruncated = at < keys.length;
  reply.writeHead(200, { 'content-type': 'application/xml' });
  reply.end(
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${BUCKET}</Name><Prefix>${encodeURIComponent(prefix)}</Prefix><EncodingType>url</EncodingType><MaxKeys>${most}</MaxKeys><KeyCount>${contents.length + folders.size}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}${[...folders].map((name) => `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`).join('')}${isTruncated ? `<NextContinuationToken>${at}</NextContinuationToken>` : ''}</ListBucketResult>`,
  );
}

function entryOf(key: string): string {
  const { size } = objects.get(key)!;
  return `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>2026-11-30T12:00:00.000Z</LastModified><ETag>"0"</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
}

const server = http.createServer(async (request, reply) => {
  request.resume();
  await sleep(latencyMs);
  await answer(request, reply).catch(() => reply.destroy());
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
