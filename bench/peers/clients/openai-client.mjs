/** The `openai` package of npm against a server. argv: where it is installed; stdin and output as openai_client.py. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.argv[2]}/`);
const { default: OpenAI } = require('openai');
const manifest = `${process.argv[2]}/node_modules/openai/package.json`;
const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
const { url, model, key, prompt } = JSON.parse(readFileSync(0, 'utf8'));
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const { completions } = client;

const base = { model, prompt, seed: 7 };
const plain = await completions.create(base);
const rated = await completions.create({ ...base, max_tokens: 5, logprobs: 2, echo: true });
const pieces = [];
const options = { stream: true, stream_options: { include_usage: true } };
for await (const piece of await completions.create({ ...base, ...options })) pieces.push(piece);
const whole = await completions.create({ ...base, response_format: { type: 'image' } });
const missing = await client.models.retrieve('no-such-model').then(
  () => 'found',
  ({ param, type }) => ({ param, type }),
);
const denied = await new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 }).models
  .list()
  .then(
    () => 'let in',
    ({ type }) => type,
  );
const models = [];
for await (const { id } of client.models.list()) models.push(id);
const result = {
  version,
  models,
  missing,
  denied,
  retrieved: (await client.models.retrieve(model)).id,
  tokens: plain.usage.completion_tokens,
  text: plain.choices[0].text,
  streamed: pieces.map(({ choices }) => choices[0]?.text ?? '').join(''),
  nullUsage: pieces.slice(0, -1).every(({ usage }) => usage === null),
  lastUsage: pieces.at(-1).usage.completion_tokens,
  logprobs: rated.choices[0].logprobs.token_logprobs.length,
  file: whole.choices[0].file.url.slice(0, 40),
  finish: whole.choices[0].finish_reason,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
