/** The Python that has the peers of evaluation. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodecLmError } from '../../base/error.ts';

/** `$CODEC_LM_PYTHON`, or the environment that bench/peers/setup-evaluation.sh makes. */
export function evaluationPython(): string {
  const own = fileURLToPath(new URL('../peers/.venv-evaluation/bin/python', import.meta.url));
  const python = process.env.CODEC_LM_PYTHON ?? own;
  if (process.env.CODEC_LM_PYTHON || existsSync(python)) return python;
  throw new CodecLmError('TOOL_MISSING', `no Python with the peers of evaluation at ${own}`, {
    hint: 'make it with bench/peers/setup-evaluation.sh, or set CODEC_LM_PYTHON',
  });
}

export function peerScript(name: string): string {
  return fileURLToPath(new URL(`../peers/evaluation/${name}`, import.meta.url));
}
