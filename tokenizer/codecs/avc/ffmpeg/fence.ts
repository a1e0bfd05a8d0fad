/**
 * Limits an ffmpeg process: it dies with the process that started it, even if that is killed, and
 * its memory and processor time are limited. On Linux, programs of util-linux do this; each is
 * tried once before it is used.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onPath } from './find.ts';

const run = promisify(execFile);

export interface FenceLimits {
  memoryMb: number;
  /** Limit of processor time in seconds; the parent watches the elapsed time. */
  cpuSeconds: number;
}

/** Programs that were tested and work on this machine. */
export interface FenceTools {
  /** Sets the signal that a child gets when its parent dies (prctl PR_SET_PDEATHSIG). */
  setpriv?: string;
  /** Sets resource limits (setrlimit). */
  prlimit?: string;
}

let tools: Promise<FenceTools> | undefined;

export function fenceTools(): Promise<FenceTools> {
  tools ??= findTools();
  return tools;
}

async function findTools(): Promise<FenceTools> {
  if (process.platform !== 'linux') return {};
  const [setpriv, prlimit] = await Promise.all([
    working('setpriv', ['--pdeathsig', 'KILL']),
    working('prlimit', ['--cpu=60']),
  ]);
  return { setpriv, prlimit };
}

/** The programs of the same name in busybox have fewer options. */
async function working(name: string, args: string[]): Promise<string | undefined> {
  const path = onPath(name);
  const nothing = onPath('true');
  if (!path || !nothing) return undefined;
  try {
    await run(path, [...args, nothing], { timeout: 60_000 });
    return path;
  } catch {
    return undefined;
  }
}

/** The command line that runs `program` within the limits, as far as this machine can set them. */
export function fenced(
  { setpriv, prlimit }: FenceTools,
  { memoryMb, cpuSeconds }: FenceLimits,
  program: string,
): string[] {
  const limits = [`--as=${memoryMb * 2 ** 20}`, `--cpu=${cpuSeconds}`, '--core=0'];
  return [
    ...(setpriv ? [setpriv, '--pdeathsig', 'KILL'] : []),
    ...(prlimit ? [prlimit, ...limits] : []),
    program,
  ];
}
