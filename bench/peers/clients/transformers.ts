/** A text that transformers tokenizes with a checkpoint's files is a prompt: open, `<bos>` in front. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Seen } from './openai.ts';
import type { ServerProcess } from './server.ts';

const PYTHON = fileURLToPath(new URL('../.venv-clients/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('generation.py', import.meta.url));

/** `AutoTokenizer`, also with `add_bos_token=True`, and `pipeline('text-generation')`. */
export async function askTransformers({ checkpoint }: ServerProcess): Promise<Seen> {
  const { stdout } = await execa(PYTHON, [SCRIPT, checkpoint]);
  const { version, bos, bare, plain, addBos, pair, pipeline, text } = JSON.parse(stdout);
  const open = [bos, ...bare];
  const seen: [string, unknown, unknown][] = [
    ['AutoTokenizer', plain, open],
    ['add_bos_token=True', addBos, open],
    ['a pair of texts', pair, [...open, ...open]],
    ['the prompt of the pipeline', pipeline.slice(0, open.length), open],
    ['what the pipeline draws', pipeline.length, open.length + 5],
  ];
  const problems = seen
    .filter(([, found, right]) => JSON.stringify(found) !== JSON.stringify(right))
    .map(([what, found]) => `${what}: ${JSON.stringify(found)}`);
  if (!/^[\u2800-\u28ff]{7,}/.test(text)) problems.push(`the pipeline's text is ${text}`);
  return { version, problems };
}
