/**
 * Requests as harnesses and clients of OpenAI's API send them, and the fields that they read from
 * the answers.
 */
import test from 'ava';
import { readSafetensors, writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { encodeRaster } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { createJpegGrammar } from '../../../tokenizer/codecs/jpeg/grammar.ts';
import { validateDocument } from '../../../tokenizer/mask/validate.ts';
import { loadEngine, readCheckpoint } from '../../../trainer/sample/load.ts';
import { scoreDocument } from '../../../trainer/score/document.ts';
import type { RunningServer } from '../../../trainer/serve/server.ts';
import { symbolsOf, textOf } from '../../../trainer/serve/text.ts';
import { makeCheckpoint, TOKENIZER } from '../../helpers/checkpoint.ts';
import { complete, post, SIDE, start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const { bosId, eosId } = TOKENIZER;

async function someDocument(seed: number): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (seed + i)) >> 4);
  return encodeRaster(pixels, SIDE, SIDE, 25);
}

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** As lm-evaluation-harness 0.4.13's `local-completions` asks for the likelihood of prompts. */
const scoring = (prompt: unknown) => ({
  model: 'tiny',
  prompt,
  temperature: 0,
  max_tokens: 1,
  logprobs: 1,
  seed: 1234,
  echo: true,
});

test('lm-eval: whole documents as prompts are scored, as ids and as text, with the grammar on', async (t) => {
  const folder = await temporaryFolder(t);
  await makeCheckpoint(folder, { side: SIDE });
  const checkpoint = await readCheckpoint(folder);
  const engine = await loadEngine(checkpoint, { sequences: 1, positions: 1024, threads: 1 }, () =>
    Promise.reject(new Error('no backend is needed')),
  );
  const { server } = await start(t);
  const documents = await Promise.all([3, 8].map(someDocument));
  const ids = documents.map((bytes) => [...TOKENIZER.encodeDocument(bytes)]);
  const text = documents.map((bytes) => `<bos>${textOf(bytes)}<eos>`);
  const open = documents.map((bytes) => `${textOf(bytes)}<eos>`);
  for (const prompts of [ids, text, open]) {
    const { choices } = await complete(server, scoring(prompts));
    for (const [i, { logprobs }] of choices.entries()) {
      // The harness leaves out the last entry: the token that was drawn behind the prompt.
      t.is(logprobs!.token_logprobs.length, ids[i].length + 1);
      const bits = -sum(logprobs!.token_logprobs.slice(1, -1)) / Math.LN2;
      const whole = { symbols: documents[i], ids: Uint16Array.from(ids[i]) };
      const { bitsPerSymbol } = await scoreDocument(whole, TOKENIZER, engine);
      t.true(Math.abs(bits / documents[i].length - bitsPerSymbol) < 1e-6);
      // It takes the likeliest of these for what a greedy draw would have given.
      const last = logprobs!.top_logprobs.at(-2)!;
      t.true(Math.max(...Object.values(last)) >= last['<eos>']);
    }
  }
  await engine.dispose();
});

test('lm-eval: the token that is drawn has its entry when it is <eos>', async (t) => {
  const { server } = await start(t);
  const document = await someDocument(3);
  // All but <eos>: with the grammar nothing else can follow.
  const prompt = [bosId, ...TOKENIZER.encode(document)];
  const drawn = { prompt, max_tokens: 2, logprobs: 1 };
  const { choices } = await complete(server, { ...drawn, echo: true });
  const { logprobs, text, finish_reason } = choices[0];
  t.is(finish_reason, 'stop');
  t.is(logprobs!.tokens.length, prompt.length + 1);
  t.is(logprobs!.tokens.at(-1), '<eos>');
  t.is(text, textOf(document));
  const alone = (await complete(server, drawn)).choices[0];
  t.deepEqual(alone.logprobs!.tokens, ['<eos>']);
  t.is(alone.text, '');
});

test('lm-eval: the likelihood of what is no image at all is asked for as well', async (t) => {
  const { server } = await start(t);
  const { choices } = await complete(
    server,
    scoring([
      [bosId, 1, 2, 3],
      [eosId, 7],
    ]),
  );
  t.deepEqual(
    choices.map(({ logprobs }) => logprobs!.token_logprobs.length),
    [5, 3],
  );
});

test('stop texts that name tokens are passed over; prompts begin with <bos> or get it', async (t) => {
  const { server } = await start(t);
  const given = textOf((await someDocument(3)).subarray(0, 90));
  const request = { seed: 4, max_tokens: 20 };
  const plain = (await complete(server, { ...request, prompt: given })).choices[0].text;
  for (const stop of ['<eos>', ['<eos>'], ['</s>', '<|endoftext|>', '<bos>']]) {
    for (const prompt of [given, `<bos>${given}`]) {
      const { choices, usage } = await complete(server, { ...request, prompt, stop });
      t.is(choices[0].text, plain);
      t.is(usage.prompt_tokens, TOKENIZER.encode(symbolsOf(given)).length + 1);
    }
  }
});

test('behind a document that has ended the grammar asks nothing; behind <bos> it begins anew', async (t) => {
  const { server } = await start(t);
  const document = await someDocument(3);
  const whole = [...TOKENIZER.encodeDocument(document)];
  const request = { seed: 4, max_tokens: 600 };
  const ended = await post(server, { ...request, max_tokens: 5, prompt: whole });
  t.is(ended.status, 200);
  const { choices } = await complete(server, { ...request, prompt: [...whole, bosId] });
  const grammar = createJpegGrammar({ width: SIDE, height: SIDE, quality: 25 });
  t.notThrows(() => validateDocument(symbolsOf(choices[0].text), grammar));
});

const get = async ({ url }: RunningServer, path: string) => {
  const response = await fetch(url + path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

test('/v1/models/ID: by each of its names; another one is an error of the form of OpenAI', async (t) => {
  const folder = await temporaryFolder(t);
  const checkpoint = `${folder}/vases`;
  await makeCheckpoint(checkpoint, { side: SIDE });
  const { server } = await start(t, { checkpoint, model: 'given' });
  const names = ['given', 'vases', 'jpeglm', checkpoint];
  for (const name of names) {
    const { status, body } = await get(server, `/v1/models/${encodeURIComponent(name)}`);
    t.is(status, 200);
    t.like(body, { id: name, object: 'model', owned_by: 'codec-lm', max_model_len: 1024 });
    t.is(typeof body.created, 'number');
    const request = { model: name, max_tokens: 1 };
    t.is((await post(server, request)).status, 200);
  }
  t.is((await get(server, `/v1/models${checkpoint}`)).status, 404);
  t.is((await get(server, `/v1/models/${checkpoint}`)).status, 200);
  const list = await get(server, '/v1/models');
  t.deepEqual(
    (list.body.data as { id: string }[]).map(({ id }) => id),
    ['given'],
  );
  const error = { type: 'not_found_error', param: 'model', code: 404 };
  t.like(await get(server, '/v1/models/gpt-5'), { status: 404, body: { error } });
  t.like(await get(server, '/v1/models/%'), { status: 404 });
  const wrong = await post(server, { model: 'gpt-5' });
  t.is(wrong.status, 404);
  t.like((await wrong.json()) as object, { error });
});

async function events(server: RunningServer, body: object): Promise<Record<string, unknown>[]> {
  const text = await (await post(server, { ...body, stream: true })).text();
  const lines = text.trim().split('\n\n');
  checkDone(lines.pop());
  return lines.map((line) => JSON.parse(line.slice('data: '.length)));
}

function checkDone(line: string | undefined): void {
  if (line !== 'data: [DONE]') throw new Error(`the stream ends with ${line}`);
}

test('stream_options.include_usage: null in every piece, the numbers in one without choices', async (t) => {
  const { server } = await start(t);
  const request = { max_tokens: 6, seed: 1, n: 2 };
  const pieces = await events(server, { ...request, stream_options: { include_usage: true } });
  const last = pieces.pop()!;
  t.deepEqual(last.choices, []);
  t.deepEqual(last.usage, { prompt_tokens: 1, completion_tokens: 12, total_tokens: 13 });
  t.true(pieces.length > 8);
  t.true(pieces.every((piece) => 'usage' in piece && piece.usage === null));
  const silent = await events(server, request);
  t.true(silent.every((piece) => !('usage' in piece)));
});

test('without max_tokens sixteen tokens are drawn, as OpenAI documents, or what room is left', async (t) => {
  const { server } = await start(t);
  for (const request of [{}, { max_tokens: null }]) {
    const { choices, usage } = await complete(server, { seed: 1, ...request });
    t.is(usage.completion_tokens, 16);
    t.is(choices[0].finish_reason, 'length');
  }
  const prompt = Array.from({ length: 1020 }, (_, i) => (i * 7) % 256);
  const rest = await complete(server, { prompt, grammar: 'off', seed: 1, logprobs: 0 });
  t.is(rest.usage.completion_tokens, 4);
  t.is((await post(server, { prompt: null, max_tokens: 2 })).status, 200);
});

interface WithFile {
  choices: { file: { mime: string; url: string } | null; file_error?: string; text: string }[];
}

test('response_format: the file that opens comes beside the text, at once and in a stream', async (t) => {
  const { server } = await start(t);
  const given = (await someDocument(3)).subarray(0, 90);
  const prompt = [bosId, ...TOKENIZER.encode(given)];
  const request = { prompt, seed: 2, n: 2, response_format: { type: 'image' } };
  const { choices } = (await complete(server, request)) as unknown as WithFile;
  const { toJpegFile } = await import('./jpeg-file.ts');
  for (const { text, file } of choices) {
    t.is(file!.mime, 'image/jpeg');
    const bytes = Buffer.from(file!.url.replace('data:image/jpeg;base64,', ''), 'base64');
    t.deepEqual(bytes, toJpegFile(Buffer.concat([given, symbolsOf(text)])));
  }
  const pieces = (await events(server, request)) as unknown as WithFile[];
  const files = pieces.flatMap((piece) => piece.choices).filter((choice) => choice.file);
  t.deepEqual(
    new Set(files.map(({ file }) => file!.url)),
    new Set(choices.map(({ file }) => file!.url)),
  );
  const cut = (await complete(server, { ...request, max_tokens: 5 })) as unknown as WithFile;
  t.is(cut.choices[0].file, null);
  t.regex(cut.choices[0].file_error!, /not complete/);
  const text = await complete(server, { ...request, response_format: { type: 'text' } });
  t.false('file' in text.choices[0]);
  const other = await post(server, { response_format: { type: 'json_object' } });
  t.is(other.status, 400);
  t.like((await other.json()) as object, { error: { param: 'response_format' } });
});

test('logits that are no numbers: the server says so and goes on', async (t) => {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, { side: SIDE });
  const path = `${checkpoint}/model.safetensors`;
  const { tensors } = await readSafetensors(path);
  tensors.get('model.norm.weight')!.data.fill(3e38);
  await writeSafetensors(path, tensors);
  const { server, log } = await start(t, { checkpoint });
  const response = await post(server, { max_tokens: 3 });
  t.is(response.status, 500);
  const { error } = (await response.json()) as { error: { message: string } };
  t.regex(error.message, /the model computes/);
  t.regex(log.at(-1)!, /the model computes/);
  t.is((await fetch(`${server.url}/health`)).status, 200);
});
