/**
 * What an ffmpeg process is held back by: it dies with the process that started it, also
 * when that is killed, and it may take only so much memory and processor time. Programs
 * of util-linux do this on Linux; each is tried once before it is relied on.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onPath } from './find.ts';

const run = promisify(execFile);

export interface FenceLimits {
  memoryMb: number;
  /** Processor time; elapsed time is watched by the parent. */
  cpuSeconds: number;
}

/** Programs that were seen to work here. */
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

/** busybox has programs of these names that know fewer options. */
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

/** The command line of `program` behind the fence, as far as this machine has one. */
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
