/** A server that lists any number of keys, which it makes up: photos/0000/00000000.jpg and so on. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = 1000;

export async function startListing(keys: number): Promise<{ endpoint: string; stop(): void }> {
  const server = http.createServer((request, reply) => {
    if (request.method === 'HEAD') return void reply.writeHead(404).end();
    const url = new URL(request.url!, 'http://listing');
    const start = Number(url.searchParams.get('continuation-token') ?? 0);
    const most = Number(url.searchParams.get('max-keys') ?? PAGE);
    reply.writeHead(200, { 'content-type': 'application/xml' });
    reply.end(page(start, Math.min(keys, start + Math.min(most, PAGE)), keys));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

function page(start: number, end: number, keys: number): string {
  let contents = '';
  for (let i = start; i < end; i++)
    contents += `<Contents><Key>${keyOf(i)}</Key><Size>100000</Size></Contents>`;
  const isTruncated = end < keys;
  const next = isTruncated ? `<NextContinuationToken>${end}</NextContinuationToken>` : '';
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${contents}${next}</ListBucketResult>`;
}

function keyOf(i: number): string {
  const name = String(i).padStart(8, '0');
  return `photos/${name.slice(0, 4)}/${name}.jpg`;
}
