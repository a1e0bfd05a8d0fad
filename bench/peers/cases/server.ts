/** Requests that were refused or answered wrongly once, sent to a `trainer serve` of today. */
import { join } from 'node:path';
import { TOKENIZER } from '../../../test/helpers/checkpoint.ts';
import { encodeRaster } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { KEY, SIDE, startServer } from '../clients/server.ts';

type Json = Record<string, unknown>;

interface Case {
  name: string;
  /** @returns what is wrong, if anything */
  run(folder: string): Promise<string | undefined>;
}

interface Answer {
  status: number;
  text: string;
}

type Ask = (path: string, body?: Json) => Promise<Answer>;

export const serverCases: Case[] = [
  onServer('/v1/completions as lm-eval sends it, a whole document', async (ask) => {
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * i) >> 5);
    const prompt = [...TOKENIZER.encodeDocument(await encodeRaster(pixels, SIDE, SIDE, 25))];
    const request = { prompt: [prompt], temperature: 0, max_tokens: 1, logprobs: 1, echo: true };
    const { status, text } = await ask('completions', { ...request, seed: 1234 });
    if (status !== 200) return text;
    const { length } = JSON.parse(text).choices[0].logprobs.token_logprobs;
    return length === prompt.length + 1 ? undefined : `${length} entries`;
  }),
  onServer("stop: ['<eos>'], a prompt that begins with <bos>", async (ask) => {
    const { status, text } = await ask('completions', { prompt: '<bos>', stop: ['<eos>'] });
    if (status !== 200) return text;
    const { prompt_tokens } = JSON.parse(text).usage;
    return prompt_tokens === 1 ? undefined : `${prompt_tokens} tokens of the prompt`;
  }),
  onServer('GET /v1/models/ID', async (ask) => {
    const { data } = JSON.parse((await ask('models')).text);
    const known = await ask(`models/${data[0].id}`);
    if (known.status !== 200) return known.text;
    const other = await ask('models/other');
    const { param } = JSON.parse(other.text).error;
    return other.status === 404 && param === 'model' ? undefined : other.text;
  }),
  onServer('usage: null in streamed chunks', async (ask) => {
    const options = { stream: true, stream_options: { include_usage: true } };
    const { text } = await ask('completions', options);
    const chunks = text.trim().split('\n\n').slice(0, -1);
    const usages = chunks.map((chunk) => JSON.parse(chunk.slice('data: '.length)).usage);
    const last = usages.pop();
    if (usages.some((usage) => usage !== null)) return 'a chunk without usage: null';
    return last.completion_tokens === 16 ? undefined : JSON.stringify(last);
  }),
  onServer('no max_tokens', async (ask) => {
    const { completion_tokens } = JSON.parse((await ask('completions', {})).text).usage;
    return completion_tokens === 16 ? undefined : `${completion_tokens} tokens`;
  }),
];

function onServer(name: string, check: (ask: Ask) => Promise<string | undefined>): Case {
  return {
    name,
    async run(folder) {
      const server = await startServer(join(folder, 'server'));
      const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
      try {
        return await check(async (path, body) => {
          const method = body ? 'POST' : 'GET';
          const init = { method, headers, body: body && JSON.stringify(body) };
          const response = await fetch(`${server.url}/v1/${path}`, init);
          return { status: response.status, text: await response.text() };
        });
      } finally {
        await server.stop();
      }
    },
  };
}
