/**
 * The server with several clients at once: beside one client, and beside llama.cpp's C API that draws as many
 * sequences in one batch, which has no HTTP to do.
 */
import { startServer } from '../../trainer/serve/server.ts';
import { median } from '../pipeline/race.ts';
import { peerDraw, writeGguf } from './weights.ts';

const CLIENTS = 8;
const TOKENS_A_REQUEST = 400;
const REQUESTS = 3;
const noBackend = () => Promise.reject(new Error('this model has kernels of its own'));

/** Needs bench/peers/setup-llama-cpp.sh. */
export async function serverRow(folder: string, threads: number, rounds: number): Promise<void> {
  const files = await Promise.all(
    (['bf16', 'q8_0'] as const).map((precision) => writeGguf(folder, precision)),
  );
  const server = await startServer({
    ...{ checkpoint: folder, host: '127.0.0.1', port: 0 },
    ...{ batchSize: 16, maxQueue: 256, maxBody: 2 ** 20, grammar: false, threads },
    ...{ weights: 'int8', cache: 'int8', chooseBackend: noBackend },
  });
  const speeds: { one: number; many: number; theirs: number }[] = [];
  // For V8 to optimize what computes.
  await clients(server.url, CLIENTS);
  for (let round = 0; round < rounds; round++) {
    const theirs: number[] = [];
    for (const file of files) {
      theirs.push((await peerDraw(file, CLIENTS, TOKENS_A_REQUEST, threads))[0]);
    }
    speeds.push({
      many: await clients(server.url, CLIENTS),
      one: await clients(server.url, 1),
      theirs: Math.max(...theirs),
    });
  }
  await server.close();
  const print = (what: string, other: 'one' | 'theirs', wanted: string) => {
    const [ours, theirs] = (['many', other] as const).map((which) =>
      median(speeds.map((speed) => speed[which])).toFixed(0),
    );
    const ratio = median(speeds.map((speed) => speed.many / speed[other])).toFixed(2);
    console.log(`| ${what}: ${ours} against ${theirs} tokens/s | ${ratio} | ${wanted} |`);
  };
  print(
    `server, int8, ${CLIENTS} clients, llama.cpp's best of ${CLIENTS} sequences`,
    'theirs',
    '1.0',
  );
  print(`server, int8, ${CLIENTS} clients, one`, 'one', '');
}

/** @returns tokens per second of all clients together */
async function clients(url: string, count: number): Promise<number> {
  const request = async (seed: number) => {
    const body = JSON.stringify({ max_tokens: TOKENS_A_REQUEST, seed });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/completions`, { method: 'POST', headers, body });
    return ((await answer.json()) as { usage: { completion_tokens: number } }).usage;
  };
  const start = performance.now();
  const each = Array.from({ length: count }, async (_, nth) => {
    let tokens = 0;
    for (let i = 0; i < REQUESTS; i++) tokens += (await request(100 * nth + i)).completion_tokens;
    return tokens;
  });
  const tokens = (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
  return tokens / ((performance.now() - start) / 1000);
}
