/** A Redis of a test, in memory, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './s3-server.ts';

export interface RedisServer {
  address: string;
  stop(): void;
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const server: ChildProcess = spawn('redis-server', options, { stdio: 'ignore' });
  process.once('exit', () => server.kill('SIGKILL'));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 400 || server.exitCode !== null) throw new Error('redis-server does not answer');
    await sleep(50);
  }
  return { address: `redis://127.0.0.1:${port}`, stop: () => server.kill('SIGKILL') };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy()).once('error', () => socket.destroy());
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
}
