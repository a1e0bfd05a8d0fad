/** A proxy in front of a server, which fails as networks and busy servers do. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomIntegers } from '../../base/random.ts';

export interface Faults {
  /** Share of the requests that are answered with 500 or 503, half of them after they were carried out. */
  errors?: number;
  /** Share of the replies whose body ends early. */
  cuts?: number;
  /** Milliseconds that each request takes longer. */
  latencyMs?: number;
  /** Every connection is refused. */
  isAway?: boolean;
  /** A reply to put in the place of the server's. */
  instead?: (request: http.IncomingMessage) => Instead | undefined;
}

interface Instead {
  status: number;
  body?: string | Buffer;
  headers?: Record<string, string>;
}

export interface FaultProxy {
  endpoint: string;
  /** Change them at any time. */
  faults: Faults;
  /** `GET /bucket/key` of each request, in order. */
  seen: string[];
  /** Requests in flight at most. */
  most: number;
  stop(): Promise<void>;
}

export const SLOW_DOWN: Instead = {
  status: 503,
  headers: { 'content-type': 'application/xml' },
  body: '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>',
};

/** @param seed of the faults, which are the same in each run for the same order of requests */
export async function startProxy(
  target: string,
  faults: Faults = {},
  seed = 1,
): Promise<FaultProxy> {
  const integer = randomIntegers(seed);
  const random = () => integer(2 ** 20) / 2 ** 20;
  const agent = new http.Agent({ keepAlive: true });
  let inFlight = 0;
  const server = http.createServer(async (request, reply) => {
    proxy.seen.push(`${request.method} ${request.url}`);
    if (proxy.faults.isAway) return void request.socket.destroy();
    proxy.most = Math.max(proxy.most, ++inFlight);
    reply.once('close', () => inFlight--);
    const { errors = 0, cuts = 0, latencyMs = 0, instead } = proxy.faults;
    if (latencyMs > 0) await sleep(latencyMs);
    const answer = instead?.(request);
    const isError = random() < errors;
    const isLate = random() < 0.5;
    if (answer || (isError && !isLate)) {
      request.resume();
      return answerWith(reply, answer ?? (random() < 0.5 ? SLOW_DOWN : { status: 500 }));
    }
    forward(request, reply, random() < cuts, isError);
  });
  const forward = (
    request: http.IncomingMessage,
    reply: http.ServerResponse,
    isCut: boolean,
    isError: boolean,
  ) => {
    const { method, headers, url } = request;
    const onward = http.request(`${target}${url}`, { method, headers, agent }, (answer) => {
      // The request was carried out, but its sender is told that it was not.
      if (isError) {
        answer.resume();
        return answerWith(reply, { status: 500 });
      }
      reply.writeHead(answer.statusCode!, answer.headers);
      if (!isCut) return answer.pipe(reply);
      answer.once('data', (chunk: Buffer) => {
        reply.write(chunk.subarray(0, Math.floor(chunk.length * random())));
        setImmediate(() => reply.destroy());
      });
      answer.once('end', () => reply.destroy());
    });
    onward.once('error', () => reply.destroy());
    request.pipe(onward);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    faults,
    seen: [],
    most: 0,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

function answerWith(reply: http.ServerResponse, { status, headers, body }: Instead): void {
  reply.writeHead(status, headers);
  reply.end(body);
}
