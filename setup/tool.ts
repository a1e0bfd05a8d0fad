/** Runs a program of others: its output kept for the error, its time bounded, its whole process group ended with us. */
import { spawn } from 'node:child_process';
import { CodecLmError, messageOf, systemCode } from '../base/error.ts';

const OUTPUT_LIMIT = 64 * 1024;
const POLL_MS = 200;

/** pip's `ERROR: …`, Node's and Python's `TypeError: …`, a compiler's `file.cc:1:2: error: …`. */
const ERROR_LINE = /^\w*error\b|: (fatal )?error:/i;

export interface ToolOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** The program is ended after this long, whatever it does. */
  timeoutMs: number;
  /** Bytes it has written so far, read every 200 ms: for a progress bar, and to see that it still moves. */
  watch?: () => Promise<number>;
  /** The program is ended when `watch` has not grown for this long. */
  stallMs?: number;
}

/**
 * @returns what it wrote to stdout
 * @throws CodecLmError TOOL_MISSING when there is no such program; BACKEND_UNAVAILABLE when it
 *   failed, stalled or ran out of time; INTERRUPTED
 */
export async function runTool(
  command: string,
  args: string[],
  options: ToolOptions,
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout = (stdout + text).slice(-OUTPUT_LIMIT);
    output = (output + text).slice(-OUTPUT_LIMIT);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output = (output + text).slice(-OUTPUT_LIMIT);
  });
  const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, error }));
    child.once('close', (code) => resolve({ code }));
  });
  const stop = stopper(child.pid, options);
  const { code, error } = await ended;
  stop.done();

  if (options.signal?.aborted) throw new CodecLmError('INTERRUPTED', `${command} was interrupted`);
  if (error) {
    const missing = systemCode(error) === 'ENOENT';
    throw new CodecLmError(
      missing ? 'TOOL_MISSING' : 'BACKEND_UNAVAILABLE',
      missing ? `no ${command} here` : `starting ${command}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  if (code === 0) return stdout;
  const why = stop.reason ?? lastWords(output) ?? `it ended with ${code ?? 'a signal'}`;
  throw new CodecLmError('BACKEND_UNAVAILABLE', `${command} failed: ${why}`, { cause: output });
}

interface Stopper {
  reason?: string;
  done(): void;
}

function stopper(pid: number | undefined, options: ToolOptions): Stopper {
  const started = performance.now();
  let grownAt = started;
  let seen = -1;
  const stop: Stopper = { done };
  const kill = (reason: string) => {
    stop.reason ??= reason;
    endGroup(pid);
  };
  const interrupted = () => kill('interrupted');
  if (options.signal?.aborted) interrupted();
  options.signal?.addEventListener('abort', interrupted);
  const timer = setInterval(async () => {
    const size = (await options.watch?.()) ?? 0;
    const now = performance.now();
    if (size > seen) {
      seen = size;
      grownAt = now;
    }
    if (now - started > options.timeoutMs) kill(`not done after ${seconds(options.timeoutMs)}`);
    else if (options.stallMs && now - grownAt > options.stallMs)
      kill(`nothing happened for ${seconds(options.stallMs)}`);
  }, POLL_MS);
  function done() {
    clearInterval(timer);
    options.signal?.removeEventListener('abort', interrupted);
  }
  return stop;
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    // pip and node-gyp have children of their own
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

/** The line that says most: the last one that begins as an error does, else the last one. */
function lastWords(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const line = lines.findLast((candidate) => ERROR_LINE.test(candidate)) ?? lines.at(-1);
  return line?.slice(0, 300);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
