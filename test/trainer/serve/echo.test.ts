/** Prompts that are answered with their log-probabilities: how harnesses of language models score. */
import test from 'ava';
import { encodeRaster } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { loadEngine, readCheckpoint } from '../../../trainer/sample/load.ts';
import { scoreDocument } from '../../../trainer/score/document.ts';
import { textOf } from '../../../trainer/serve/text.ts';
import { makeCheckpoint, TOKENIZER } from '../../helpers/checkpoint.ts';
import { type Completion, complete, post, SIDE, start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

async function someDocument(seed: number): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (seed + i)) >> 4);
  return encodeRaster(pixels, SIDE, SIDE, 25);
}

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

test('the log-probabilities of whole documents are what `trainer score` counts', async (t) => {
  // The same seed as the server's.
  const folder = await temporaryFolder(t);
  await makeCheckpoint(folder, { side: SIDE });
  const checkpoint = await readCheckpoint(folder);
  const engine = await loadEngine(checkpoint, { sequences: 1, positions: 1024, threads: 1 }, () =>
    Promise.reject(new Error('no backend is needed')),
  );
  const { server } = await start(t);
  const documents = await Promise.all([3, 8, 5].map(someDocument));
  const prompts = documents.map((bytes) => [...TOKENIZER.encodeDocument(bytes)]);
  const request = { prompt: prompts, echo: true, logprobs: 2, max_tokens: 0 };
  const { choices, usage } = await complete(server, request);
  t.is(usage.completion_tokens, 0);
  for (const [i, bytes] of documents.entries()) {
    const { text, logprobs, finish_reason } = choices[i];
    t.is(finish_reason, 'length');
    t.is(text, textOf(bytes));
    const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs!;
    t.is(tokens.length, prompts[i].length);
    t.deepEqual([tokens[0], token_logprobs[0], top_logprobs[0]], ['<bos>', null, null]);
    t.is(tokens.at(-1), '<eos>');
    t.is(tokens.slice(1, -1).join(''), text);
    t.is(text_offset[3], tokens[1].length + tokens[2].length);
    const ids = Uint16Array.from(prompts[i]);
    const scored = await scoreDocument({ symbols: bytes, ids }, TOKENIZER, engine);
    const bits = -sum(token_logprobs) / Math.LN2;
    t.true(Math.abs(bits / bytes.length - scored.bitsPerSymbol) < 1e-6, `${bits / bytes.length}`);
    for (const [at, top] of top_logprobs.slice(1).entries()) {
      t.is(top![tokens[at + 1]], token_logprobs[at + 1]!);
      t.true(Math.max(...Object.values(top!)) >= token_logprobs[at + 1]!);
    }
  }
  await engine.dispose();
});

test('behind the prompt come the tokens that are drawn, at once or as a stream', async (t) => {
  const { server } = await start(t);
  const given = (await someDocument(3)).subarray(0, 90);
  const ids = [TOKENIZER.bosId, ...TOKENIZER.encode(given)];
  const request = { prompt: ids, max_tokens: 6, seed: 2, logprobs: 1 };
  const drawn = (await complete(server, request)).choices[0];
  const { choices } = await complete(server, { ...request, echo: true });
  const { text, logprobs } = choices[0];
  t.is(text, textOf(given) + drawn.text);
  const { length } = ids;
  t.is(logprobs!.tokens.length, length + 6);
  t.deepEqual(logprobs!.tokens.slice(length), drawn.logprobs!.tokens);
  t.deepEqual(logprobs!.token_logprobs.slice(length), drawn.logprobs!.token_logprobs);
  t.is(logprobs!.text_offset[length], given.length);
  const response = await post(server, { ...request, echo: true, stream: true });
  const events = (await response.text()).trim().split('\n\n').slice(0, -1);
  const pieces = events.map((event) => (JSON.parse(event.slice(6)) as Completion).choices[0]);
  t.is(pieces.map((piece) => piece.text).join(''), text);
  const streamed = pieces.flatMap((piece) => piece.logprobs?.token_logprobs ?? []);
  t.deepEqual(streamed, logprobs!.token_logprobs);
});

test('a prompt that fills all positions is rated, a single token has nothing that rates it', async (t) => {
  const { server } = await start(t, { batchSize: 1 });
  const full = Array.from({ length: 1024 }, (_, i) => (i * 7) % 256);
  const request = { echo: true, logprobs: 0, max_tokens: 0 };
  const { choices } = await complete(server, { ...request, prompt: [full, [65]] });
  t.is(choices[0].logprobs!.token_logprobs.filter((p) => p !== null && p < 0).length, 1023);
  t.deepEqual(choices[1].logprobs!.token_logprobs, [null]);
  t.is(choices[1].text, textOf(Uint8Array.of(65)));
});
