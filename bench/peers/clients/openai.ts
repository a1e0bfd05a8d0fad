/** Compares the answers of a server that the `openai` packages and curl receive. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { KEY, MODEL, type ServerProcess } from './server.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const CLIENTS = ['openai (PyPI)', 'openai (npm)'] as const;

const COMMANDS: Record<(typeof CLIENTS)[number], string[]> = {
  'openai (PyPI)': [here('../.venv-clients/bin/python'), here('openai_client.py')],
  'openai (npm)': ['node', here('openai-client.mjs'), here('../.venv-clients/node')],
};

/** The facts that a client reports, as named in its script. */
const EXPECTED = {
  models: [MODEL],
  retrieved: MODEL,
  missing: { param: 'model', type: 'not_found_error' },
  denied: 'authentication_error',
  tokens: 16,
  nullUsage: true,
  lastUsage: 16,
  logprobs: 6,
  finish: 'stop',
};

export interface Seen {
  version: string;
  problems: string[];
}

/** The prompt is `<bos>` alone, written as text. */
export async function askOpenAi(
  client: (typeof CLIENTS)[number],
  { url }: ServerProcess,
): Promise<Seen> {
  const [program, ...args] = COMMANDS[client];
  const input = JSON.stringify({ url, model: MODEL, key: KEY, prompt: '<bos>' });
  const { stdout } = await execa(program, args, { input });
  const { version, text, streamed, file, ...rest } = JSON.parse(stdout);
  const problems = Object.entries(EXPECTED).flatMap(([name, value]) => {
    const isEqual = JSON.stringify(rest[name]) === JSON.stringify(value);
    return isEqual ? [] : [`${name} is ${JSON.stringify(rest[name])}`];
  });
  if (text === '' || streamed !== text) problems.push('the stream is another text');
  if (!String(file).startsWith('data:image/jpeg;base64,/9j/')) problems.push(`file is ${file}`);
  return { version, problems };
}

/** The lines of README's example, with the server's address. */
export async function askCurl({ url }: ServerProcess): Promise<Seen> {
  const { stdout: version } = await execa('curl', ['--version']);
  const header = ['-H', 'content-type: application/json', '-H', `authorization: Bearer ${KEY}`];
  const body = JSON.stringify({ model: MODEL, response_format: { type: 'image' }, seed: 7 });
  const args = ['-sS', '--fail-with-body', `${url}/v1/completions`, ...header, '-d', body];
  const { stdout } = await execa('curl', args);
  const [{ file }] = JSON.parse(stdout).choices;
  const isJpeg = file?.url.startsWith('data:image/jpeg;base64,/9j/');
  return { version: version.split(' ', 2)[1], problems: isJpeg ? [] : ['no image came'] };
}
