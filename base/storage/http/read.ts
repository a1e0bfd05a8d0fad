/**
 * Reads a file of a web server: a bounded number of bytes in a bounded time, from public addresses
 * only, also after redirects.
 */
import type http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodecLmError, type ErrorCode, messageOf } from '../../error.ts';
import { privateHosts, publicAddress } from './guard.ts';

const MAX_REDIRECTS = 5;
const MAX_TRIES = 3;
const PAUSE_MS = 1_000;

export interface WebLimits {
  /** Most bytes; a larger file is an error of the code `tooLarge`. */
  limit: number;
  tooLarge: ErrorCode;
  /** Milliseconds for everything together. */
  timeoutMs: number;
}

/** An answer that another try may change. */
class Passing extends Error {}

const agent = new https.Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 });

/**
 * @param url begins with https://
 * @throws Error with the reason; CodecLmError only for a file above the limit
 */
export async function readWeb(url: string, limits: WebLimits): Promise<Buffer> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  for (let tries = 1; ; tries++) {
    try {
      return await follow(url, limits, signal);
    } catch (error) {
      if (signal.aborted) throw new Error(`not read within ${limits.timeoutMs / 1000} s`);
      if (!(error instanceof Passing) || tries === MAX_TRIES) throw error;
      await sleep(PAUSE_MS * tries * Math.random());
    }
  }
}

async function follow(from: string, limits: WebLimits, signal: AbortSignal): Promise<Buffer> {
  let url = parse(from);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const reply = await request(url, signal);
    const status = reply.statusCode ?? 0;
    const { location } = reply.headers;
    if (status >= 300 && status < 400 && location !== undefined) {
      reply.destroy();
      url = parse(new URL(location, url).href);
      continue;
    }
    if (status === 200) return collect(reply, from, limits);
    reply.destroy();
    const message = `the server says ${status}`;
    throw status >= 500 || status === 429 ? new Passing(message) : new Error(message);
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
}

function parse(text: string): URL {
  const url = new URL(text);
  if (url.protocol === 'https:') return url;
  throw new Error(`leads to ${url.protocol}//, only https:// is read`);
}

async function request(url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
  const { address, family } = await publicAddress(url.hostname, privateHosts()).catch((error) => {
    const isNameServer = (error as NodeJS.ErrnoException).syscall === 'getaddrinfo';
    throw isNameServer ? new Passing(messageOf(error)) : error;
  });
  return new Promise((resolve, reject) => {
    const lookup: NonNullable<https.RequestOptions['lookup']> = (_, { all }, callback) => {
      if (all) callback(null, [{ address, family }]);
      else callback(null, address, family);
    };
    const headers = { 'User-Agent': 'codec-lm', 'Accept-Encoding': 'identity' };
    const outgoing = https.get(url, { agent, lookup, signal, headers }, resolve);
    outgoing.once('error', (error) => reject(new Passing(messageOf(error))));
  });
}

async function collect(
  reply: http.IncomingMessage,
  url: string,
  { limit, tooLarge }: WebLimits,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (Math.max(length, Number(reply.headers['content-length'] ?? 0)) > limit) {
        reply.destroy();
        const message = `reading ${url}: more than ${limit} bytes`;
        throw new CodecLmError(tooLarge, message, { path: url });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CodecLmError ? error : new Passing(messageOf(error));
  }
  return Buffer.concat(chunks);
}
