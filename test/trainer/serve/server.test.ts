import { request as httpRequest } from 'node:http';
import test from 'ava';
import { encodeRaster } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { createJpegGrammar } from '../../../tokenizer/codecs/jpeg/grammar.ts';
import { validateDocument } from '../../../tokenizer/mask/validate.ts';
import { symbolsOf, textOf } from '../../../trainer/serve/text.ts';
import { TOKENIZER } from '../../helpers/checkpoint.ts';
import {
  type Completion,
  complete,
  IDLE,
  post,
  SIDE,
  settles,
  start,
} from '../../helpers/server.ts';

/** More than any image here takes, and what room is left for it. */
const WHOLE = 900;
const GRAMMAR = createJpegGrammar({ width: SIDE, height: SIDE, quality: 25 });

async function someDocument(): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7) % 256);
  return encodeRaster(pixels, SIDE, SIDE, 25);
}

test('prompts as ids, lists of ids, braille text and nothing become whole images', async (t) => {
  const { server } = await start(t);
  const document = await someDocument();
  const given = document.subarray(0, 100);
  const ids = [TOKENIZER.bosId, ...TOKENIZER.encode(given)];
  const limits = { seed: 3, top_k: 40, max_tokens: WHOLE };
  const one = await complete(server, { ...limits, prompt: ids });
  const both = await complete(server, { ...limits, prompt: [ids, [TOKENIZER.bosId]], n: 2 });
  const text = await complete(server, { ...limits, prompt: textOf(given), echo: true });
  const nothing = await complete(server, limits);
  const whole = (answer: Completion, index: number, before: Uint8Array = new Uint8Array()) =>
    validateDocument(Buffer.concat([before, symbolsOf(answer.choices[index].text)]), GRAMMAR);
  t.notThrows(() => whole(one, 0, given));
  t.deepEqual(
    both.choices.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  for (const [index, before] of [given, given, undefined, undefined].entries()) {
    t.notThrows(() => whole(both, index, before));
  }
  t.notThrows(() => whole(text, 0));
  t.notThrows(() => whole(nothing, 0));
  t.is(one.choices[0].finish_reason, 'stop');
  // The same seed, the same place: the same continuation, whatever else is asked for.
  t.is(both.choices[0].text, one.choices[0].text);
  t.is(text.choices[0].text, textOf(given) + one.choices[0].text);
  t.not(both.choices[1].text, both.choices[0].text);
  t.is(both.usage.prompt_tokens, ids.length + 1);
});

test("the request of the authors' released script is answered as it reads it", async (t) => {
  const longest = 12_288;
  const { server } = await start(t, {}, { side: SIDE, seqLen: longest });
  const document = await someDocument();
  // Up to the second restart marker, as a list of equal prompts: its --repeat_generation.
  const given = document.subarray(0, document.indexOf(0xd1, 59) + 1);
  const ids = [TOKENIZER.bosId, ...TOKENIZER.encode(given)];
  const answer = await complete(server, {
    model: 'jpeglm',
    prompt: [ids, ids, ids],
    max_tokens: longest - ids.length,
    temperature: 1,
    top_p: 0.9,
    top_k: 50,
    spaces_between_special_tokens: false,
    stream: false,
  });
  t.is(answer.choices.length, 3);
  for (const { text } of answer.choices) {
    t.is(text, text.trim());
    t.notThrows(() => validateDocument(Buffer.concat([given, symbolsOf(text)]), GRAMMAR));
  }
  t.is(new Set(answer.choices.map(({ text }) => text)).size, 3);
});

test('a stream is the same text in pieces, and the usage if asked for', async (t) => {
  const { server } = await start(t);
  const request = { seed: 5, max_tokens: 40, n: 2, stop: textOf(Uint8Array.of(0xff, 0xd1)) };
  const whole = await complete(server, request);
  const response = await post(server, {
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  t.regex(String(response.headers.get('content-type')), /^text\/event-stream/);
  const events = (await response.text()).trim().split('\n\n');
  t.is(events.pop(), 'data: [DONE]');
  const parsed = events.map((event) => JSON.parse(event.slice('data: '.length)) as Completion);
  t.deepEqual(parsed.pop()!.usage, whole.usage);
  for (const { index, text, finish_reason } of whole.choices) {
    const own = parsed.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
    t.is(own.map((choice) => choice.text).join(''), text);
    t.is(own.at(-1)!.finish_reason, finish_reason);
    t.true(own.length > 5);
  }
});

test('stop texts cut, limits end, log-probabilities are those of the tokens', async (t) => {
  const { server } = await start(t);
  const marker = textOf(Uint8Array.of(0xff, 0xd0));
  const stopped = await complete(server, { seed: 1, stop: ['⠀⠁⠂⠃', marker], max_tokens: 900 });
  t.is(stopped.choices[0].finish_reason, 'stop');
  t.false(stopped.choices[0].text.includes(marker));
  const cut = await complete(server, { seed: 1, max_tokens: 7, logprobs: 3 });
  const { text, logprobs, finish_reason } = cut.choices[0];
  t.is(finish_reason, 'length');
  t.is(logprobs!.tokens.length, 7);
  t.is(logprobs!.tokens.join(''), text);
  t.true(logprobs!.token_logprobs.every((p) => p! < 0));
  t.is(logprobs!.text_offset[1], logprobs!.tokens[0].length);
});

test('what is wrong with a request is said with the right status', async (t) => {
  const { server, log } = await start(t);
  const cases: [unknown, number, RegExp][] = [
    ['{', 400, /not JSON/],
    [[], 400, /expected object/],
    [{ prompt: 7 }, 400, /prompt/],
    [{ prompt: [] }, 400, /prompt/],
    [{ prompt: [[1], []] }, 400, /prompt/],
    [{ prompt: [99_999] }, 400, /not a token/],
    [{ prompt: [-1] }, 400, /prompt/],
    [{ prompt: 'plain' }, 400, /braille/],
    [{ prompt: [TOKENIZER.bosId, 1, 2, 3] }, 400, /continues no image/],
    [{ prompt: [TOKENIZER.bosId], max_tokens: 5000 }, 400, /5000 are more than the 1024/],
    [{ max_tokens: 0 }, 400, /max_tokens/],
    [{ max_tokens: 0, logprobs: 1 }, 400, /with echo/],
    [{ max_tokens: 0, echo: true, prompt: Array(1025).fill(1) }, 400, /the 1024/],
    [{ n: 1e9 }, 400, /^n:/],
    [{ n: 100, prompt: ['⠀', '⠁'] }, 400, /more than 128/],
    [{ temperature: 'hot' }, 400, /temperature/],
    [{ top_p: 0 }, 400, /top_p/],
    [{ stop: ['a'] }, 400, /braille/],
    [{ frequency_penalty: 1 }, 400, /not supported/],
    [{ logit_bias: { 5: 1 } }, 400, /not supported/],
    [{ model: 'gpt-5' }, 404, /this server has 'tiny'/],
    [{ prompt: '⠀'.repeat(100_000) }, 413, /200000 bytes/],
    [{ prompt: Array(30).fill('⠀'), grammar: 'off' }, 429, /waiting/],
  ];
  for (const [body, status, message] of cases) {
    const response = await post(server, body);
    const { error } = (await response.json()) as { error: { message: string; code: number } };
    t.is(response.status, status, JSON.stringify(body).slice(0, 80));
    t.regex(error.message, message);
    t.is(error.code, status);
  }
  const statusOf = async (path: string, init: RequestInit) =>
    (await fetch(server.url + path, init)).status;
  t.is(await statusOf('/v1/completions', { method: 'POST', body: '{}' }), 415);
  t.is(await statusOf('/v1/completions', {}), 405);
  t.is(await statusOf('/health', { method: 'POST' }), 405);
  t.is(await statusOf('/v2', {}), 404);
  t.is(await statusOf('/__proto__', {}), 404);
  const binary = { 'content-type': 'application/octet-stream' };
  const upload = { method: 'POST', headers: binary, body: 'no image' };
  t.is(await statusOf('/api/prompt?ratio=0.5', upload), 400);
  t.is(await statusOf('/api/prompt?ratio=7', upload), 400);
  // It still works, and found nothing that is its own fault.
  t.is((await complete(server, { max_tokens: 3 })).choices.length, 1);
  t.deepEqual(log.slice(1), []);
});

test('a name that was pointed here from outside is refused', async (t) => {
  const { server } = await start(t);
  const status = await new Promise((resolve, reject) => {
    const headers = { host: 'evil.example' };
    httpRequest(`${server.url}/health`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  t.is(status, 403);
});

test('with a key, nothing of the model answers without it', async (t) => {
  const { server } = await start(t, { apiKey: 'secret' });
  const denied = await post(server, { max_tokens: 1 });
  t.is(denied.status, 401);
  t.is(denied.headers.get('www-authenticate'), 'Bearer');
  t.is((await post(server, { max_tokens: 1 }, { authorization: 'Bearer wrong' })).status, 401);
  t.is((await post(server, { max_tokens: 1 }, { authorization: 'Bearer secret' })).status, 200);
  t.is((await fetch(`${server.url}/v1/models`)).status, 401);
  t.is((await fetch(`${server.url}/health`)).status, 200);
});

test('a client that goes away frees its place, and those who wait get it', async (t) => {
  const { server } = await start(t, { batchSize: 1 });
  const leaving = new AbortController();
  // Free sampling that may not end: it would go on to the limit.
  const long = { stream: true, grammar: 'off', max_tokens: 1000, temperature: 5 };
  const response = await fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...long, n: 3 }),
    signal: leaving.signal,
  });
  await response.body!.getReader().read();
  const waiting = complete(server, { max_tokens: 5 });
  leaving.abort();
  t.is((await waiting).choices.length, 1);
  await settles(server, IDLE);
});

test('clients at once get what each would get alone', async (t) => {
  const { server } = await start(t);
  const requests = Array.from({ length: 8 }, (_, i) => ({ seed: i, max_tokens: 30 + 5 * i }));
  const together = await Promise.all(requests.map((request) => complete(server, request)));
  for (const [i, request] of requests.entries()) {
    t.is((await complete(server, request)).choices[0].text, together[i].choices[0].text);
  }
});

test('closing ends what runs and refuses what comes', async (t) => {
  const { server } = await start(t);
  const response = await post(server, {
    stream: true,
    grammar: 'off',
    max_tokens: 1000,
    temperature: 5,
  });
  const text = response.text().catch(() => 'cut off');
  await server.close();
  t.regex(await text, /stopping|cut off|DONE/);
  await t.throwsAsync(fetch(`${server.url}/health`));
});

test('a port that is taken is said so', async (t) => {
  const { server } = await start(t);
  const port = Number(new URL(server.url).port);
  const error = await t.throwsAsync(start(t, { port }));
  t.like(error, { code: 'OUTPUT_IN_USE' });
});
