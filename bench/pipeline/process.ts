/** Runs one process to its end and says what it took. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodecLmError } from '../../base/error.ts';

export const PIPELINE = fileURLToPath(new URL('../../bin/pipeline.js', import.meta.url));
const PEAK_HOOK = new URL('peak-memory.mjs', import.meta.url).href;

/** The shell's `times` says, on its second line, what its children took. */
const TIMED = '"$@" >/dev/null || exit; times';

export interface Took {
  /** From start to exit. */
  seconds: number;
  /** CPU seconds of the process and all its children, user and system. */
  cpuSeconds: number;
}

/** @throws CodecLmError `INTERNAL` with what it said on stderr when it fails */
export async function timed(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const start = performance.now();
  const stdout = await output('sh', ['-c', TIMED, 'sh', ...command], env);
  const seconds = (performance.now() - start) / 1000;
  const [user, system] = stdout.split('\n')[1].split(' ').map(parseMinutes);
  return { seconds, cpuSeconds: user + system } satisfies Took;
}

/** Peak resident memory of a Node process in bytes. */
export async function peakMemory(args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-peak-'));
  try {
    const file = join(folder, 'peak');
    await output(process.execPath, ['--import', PEAK_HOOK, ...args], { CODEC_LM_PEAK_FILE: file });
    return Number(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Output of a process. */
export async function output(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }),
  ]);
  if (code === 0) return stdout;
  throw new CodecLmError('INTERNAL', `${program} ${args.join(' ')} ended with ${code}: ${stderr}`);
}

/** `1m2.5s` -> 62.5 */
function parseMinutes(text: string): number {
  const [minutes, seconds] = text.split('m');
  return Number(minutes) * 60 + Number.parseFloat(seconds);
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
