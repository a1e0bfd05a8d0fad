/** Reads bodies and writes answers, with limits. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody, HttpError } from './errors.ts';

export function sendJson(response: ServerResponse, status: number, value: object): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value));
}

export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

/** Sends an error. After an answer has begun, it can only be ended. */
export function sendError(response: ServerResponse, error: HttpError): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.end(`data: ${JSON.stringify(errorBody(error))}\n\n`);
    return;
  }
  // Do not read the rest of the request's body.
  if (error.status === 413) response.setHeader('connection', 'close');
  const body = JSON.stringify(errorBody(error));
  send(response, error.status, 'application/json; charset=utf-8', body, error.headers);
}

/** @throws HttpError 413 as soon as the body exceeds the limit */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new HttpError(413, `a body has at most ${limit} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws HttpError 415, 413, 400 */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  // A form on a foreign site cannot send this type without a preflight request.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'send JSON, with the header content-type: application/json');
  }
  const body = await readBody(request, limit);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}
