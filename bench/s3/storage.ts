/** Starts the file server of the benchmarks, and says how a process reaches it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const START = fileURLToPath(new URL('../../bin/start.js', import.meta.url));
const SERVER = 'bench/s3/file-server.ts';

export interface FarFolder {
  env: Record<string, string>;
  stop(): void;
}

/** @returns the folder as `s3://bucket`, by the variables of AWS and those of MosaicML */
export async function startFarFolder(
  folder: string,
  { latencyMs = 50, megabytesPerSecond = 100 } = {},
): Promise<FarFolder> {
  const args = [START, SERVER, folder, String(latencyMs), String(megabytesPerSecond)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill());
  const [port] = await once(child.stdout, 'data');
  const endpoint = `http://127.0.0.1:${String(port).trim()}`;
  return {
    env: {
      AWS_ENDPOINT_URL: endpoint,
      S3_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    },
    stop: () => child.kill(),
  };
}
