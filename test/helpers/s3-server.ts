/** A server that speaks S3 (moto, in memory), and the variables with which a process finds it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const MOTO_PYTHON = fileURLToPath(
  new URL('../../bench/peers/.venv-moto/bin/python', import.meta.url),
);

export interface S3Server {
  endpoint: string;
  /** Variables of a process that uses the server. */
  env: Record<string, string>;
  stop(): void;
}

/** Secrets that no output may ever hold. */
export const SECRETS = { key: 'AKIATESTTESTTEST', secret: 'secret/of+the/tests=0123456789' };

export function hasMoto(): boolean {
  return existsSync(MOTO_PYTHON);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** @param variables further ones for moto itself */
export async function startS3(variables: Record<string, string> = {}): Promise<S3Server> {
  const port = await freePort();
  const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)];
  const server: ChildProcess = spawn(MOTO_PYTHON, args, {
    stdio: 'ignore',
    env: { ...process.env, ...variables },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswering(endpoint, server);
  process.once('exit', () => server.kill('SIGKILL'));
  return { endpoint, env: envOf(endpoint), stop: () => server.kill('SIGKILL') };
}

export function envOf(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: SECRETS.key,
    AWS_SECRET_ACCESS_KEY: SECRETS.secret,
  };
}

async function untilAnswering(endpoint: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const isThere = await fetch(`${endpoint}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    if (server.exitCode !== null) throw new Error(`moto ended with ${server.exitCode}`);
    await sleep(50);
  }
  throw new Error('moto does not answer');
}

/** Makes a bucket; moto checks no signature for that. */
export async function makeBucket({ endpoint }: Pick<S3Server, 'endpoint'>, name: string) {
  const reply = await fetch(`${endpoint}/${name}`, { method: 'PUT' });
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
}
