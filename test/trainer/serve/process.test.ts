/** `trainer serve` as a process of its own: how it starts, stops, and what it holds after minutes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testLong } from '../../helpers/tools.ts';

const CLIENTS = 8;
/** V8's heap breathes by 20 to 30 MiB. Twelve kilobytes lost at each of 4,000 requests are more than this. */
const BREATH_MIB = 48;

async function start(t: ExecutionContext) {
  const folder = await temporaryFolder(t);
  const checkpoint = join(folder, 'checkpoint');
  await makeCheckpoint(checkpoint, { side: 32 });
  const child = execa(
    'node',
    ['bin/trainer.js', 'serve', '--checkpoint', checkpoint, '--port', '0'],
    {
      reject: false,
    },
  );
  t.teardown(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => resolve(String(data).trim()));
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url };
}

function post(url: string, body: object, signal?: AbortSignal) {
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
}

test('SIGTERM ends what runs with a word to its client, and the process with 143', async (t) => {
  const { child, url } = await start(t);
  const long = { stream: true, grammar: 'off', max_tokens: 1000, temperature: 5, n: 16 };
  const response = await post(url, long);
  const reader = response.body!.getReader();
  await reader.read();
  child.kill('SIGTERM');
  const rest: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    rest.push(value);
  }
  t.regex(Buffer.concat(rest).toString(), /stopping|DONE/);
  t.is((await child).exitCode, 143);
  await t.throwsAsync(fetch(`${url}/health`));
});

/** Resident memory of a process in MiB. */
async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Asks again and again until the time is over; every third stream is left in its middle. */
async function client(url: string, nth: number, until: number): Promise<number> {
  let asked = 0;
  for (; Date.now() < until; asked++) {
    const leaving = new AbortController();
    const isLeft = asked % 3 === 0;
    const body = {
      max_tokens: 1000,
      seed: 100 * nth + asked,
      stream: asked % 2 === 0,
      n: 1 + (asked % 2),
    };
    const response = await post(url, body, leaving.signal);
    if (response.status !== 200) throw new Error(await response.text());
    if (isLeft) {
      await response.body!.getReader().read();
      leaving.abort();
    } else await response.text();
  }
  return asked;
}

testLong(
  `${CLIENTS} clients for five minutes: the memory stays flat, no place is lost`,
  async (t) => {
    t.timeout(900_000);
    const { child, url } = await start(t);
    const minutes = async (count: number) => {
      const until = Date.now() + count * 60_000;
      const clients = Array.from({ length: CLIENTS }, (_, i) => client(url, i, until));
      const asked = (await Promise.all(clients)).reduce((sum, each) => sum + each, 0);
      await sleep(1000);
      return { asked, resident: await residentOf(child.pid!) };
    };
    const warm = await minutes(2);
    const after = await minutes(3);
    t.log(
      `${warm.asked + after.asked} requests; ${warm.resident.toFixed(0)} MiB after 2 minutes, ${after.resident.toFixed(0)} after 5`,
    );
    t.true(after.resident < warm.resident + BREATH_MIB);
    const health = (await (await fetch(`${url}/health`)).json()) as object;
    t.deepEqual(health, { status: 'ok', running: 0, waiting: 0 });
  },
);
