/** A server with a small random model, and how the tests talk to it. */
import type { ExecutionContext } from 'ava';
import { serveLogLine } from '../../cli/trainer/serve.ts';
import type { LogProbabilities } from '../../trainer/serve/choice.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../trainer/serve/server.ts';
import { type CheckpointOptions, makeCheckpoint } from './checkpoint.ts';
import { temporaryFolder } from './temporary.ts';

export const SIDE = 32;

export async function start(
  t: ExecutionContext,
  change: Partial<ServerOptions> = {},
  model: CheckpointOptions = { side: SIDE },
) {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, model);
  const log: string[] = [];
  const server = await startServer({
    checkpoint,
    host: '127.0.0.1',
    port: 0,
    model: 'tiny',
    batchSize: 4,
    maxQueue: 16,
    maxBody: 200_000,
    grammar: true,
    threads: 1,
    chooseBackend: () => Promise.reject(new Error('no backend is needed')),
    onEvent: (event) => event.type === 'loading' || log.push(serveLogLine(event)),
    ...change,
  });
  t.teardown(() => server.close());
  return { server, log };
}

export function post({ url }: RunningServer, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export interface Completion {
  choices: {
    index: number;
    text: string;
    finish_reason: string | null;
    logprobs: LogProbabilities | null;
  }[];
  usage: { prompt_tokens: number; completion_tokens: number };
}

export async function complete(server: RunningServer, body: unknown): Promise<Completion> {
  const response = await post(server, body);
  if (response.status !== 200) throw new Error(await response.text());
  return (await response.json()) as Completion;
}

export async function settles(server: RunningServer, state: object): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const health = (await (await fetch(`${server.url}/health`)).json()) as object;
    if (JSON.stringify(health) === JSON.stringify(state)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never ${JSON.stringify(state)}`);
}

export const IDLE = { status: 'ok', running: 0, waiting: 0 };
