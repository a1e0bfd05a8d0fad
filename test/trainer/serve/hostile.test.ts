/** Clients that do not speak as they should: refused or let go, and nobody else notices. */
import { connect } from 'node:net';
import test from 'ava';
import { Batcher } from '../../../trainer/sample/batcher.ts';
import type { CachedSequence } from '../../../trainer/sample/engine/engine.ts';
import { Runner } from '../../../trainer/serve/runner.ts';
import type { RunningServer } from '../../../trainer/serve/server.ts';
import { complete, IDLE, settles, start } from '../../helpers/server.ts';

/** Sends bytes as they are. @returns all that comes back until the server closes */
function sendRaw({ url }: RunningServer, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (data) => {
      answer += data;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

test('bytes that are no request, endless headers and endless bodies are refused', async (t) => {
  const { server, log } = await start(t, { maxBody: 10_000 });
  const other = complete(server, { seed: 1 });
  const post = 'POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json';
  const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`;
  const cases: [string, RegExp][] = [
    ['\x16\x03\x01 no request\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(50_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [`${post}\r\ncontent-length: 99999999\r\n\r\n{`, /^HTTP\/1\.1 413 /],
    [`${post}\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(4)}`, /^HTTP\/1\.1 413 /],
    [
      `${post}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
  ];
  for (const [text, status] of cases) t.regex(await sendRaw(server, text), status);
  t.deepEqual(
    await complete(server, { seed: 1 }).then(({ choices }) => choices),
    (await other).choices,
  );
  await settles(server, IDLE);
  t.deepEqual(log.slice(1), []);
});

const REQUEST = {
  prompt: [0],
  maxTokens: 3,
  seed: 1,
  stream: 0,
  eosId: 1,
  bannedIds: [],
  temperature: 1,
  topK: 0,
  topP: 1,
};

/** Two tokens; its step fails where it is told to. */
function runner(step: () => Promise<Float32Array[]>, failures: unknown[] = []) {
  const sequence: CachedSequence = { length: 0, capacity: 10 };
  const engine = {
    vocabSize: 2,
    maxRows: 4,
    capacity: 10,
    description: 'two tokens',
    open: () => sequence,
    close: () => {},
    dispose: async () => {},
    step,
  };
  return new Runner(new Batcher(engine), 2, (error) => failures.push(error));
}

test('an engine that fails ends what runs, is reported, and is asked again by the next', async (t) => {
  const failures: unknown[] = [];
  let isBroken = true;
  const broken = new Error('out of order');
  const own = runner(async () => {
    if (isBroken) throw broken;
    return [Float32Array.of(0, 100)];
  }, failures);
  const [first] = own.submit([REQUEST]);
  await t.throwsAsync(first.done, { message: 'the engine failed' });
  t.deepEqual(failures, [broken]);
  isBroken = false;
  const [second] = own.submit([REQUEST]);
  t.is((await second.done).finish, 'eos');
});

test('a full queue is 429 and a server that stops 503, both with when to come again', async (t) => {
  const own = runner(async () => [Float32Array.of(0, 100)]);
  const headers = { 'retry-after': '5' };
  const full = t.throws(() => own.submit([REQUEST, REQUEST, REQUEST]));
  t.like(full, { status: 429, headers });
  await own.close();
  t.like(
    t.throws(() => own.submit([REQUEST])),
    { status: 503, headers },
  );
});
