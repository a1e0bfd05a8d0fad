/** Ranks of a loader as processes that begin at the same moment, and the figures that they print. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Epoch {
  /** Millions of tokens per second of all ranks together: by the clock, and by CPU time. */
  speed: number;
  cpuSpeed: number;
}

export interface Read {
  first: Epoch;
  /** Epochs after the first, together. */
  later: Epoch;
  /** Seconds from the start of the loader to its first batch, of the slowest rank. */
  firstBatch: number;
  /** Share of the time in which a rank waited for a batch, of the slowest rank. */
  waits: number;
  /** The same without the wait for the first batch, where a rank tells it. */
  waitsAfterFirst: number;
  /** Peak memory of all ranks in MiB. */
  memory: number;
}

interface Line {
  epoch?: number;
  tokens: number;
  seconds: number;
  cpu: number;
  first: number;
  share?: number;
  afterFirst?: number;
  memory?: number;
}

/** @param command gives the command line of a rank */
export async function readByRanks(
  ranks: number,
  command: (rank: number) => string[],
  env: Record<string, string> = {},
): Promise<Read> {
  const children = Array.from({ length: ranks }, (_, rank) => {
    const [program, ...args] = command(rank);
    const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe'];
    const child = spawn(program, args, { stdio, env: { ...process.env, ...env } });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    let said = '';
    child.stderr.on('data', (text) => {
      said = (said + text).slice(-4000);
    });
    const next = async (): Promise<Line | undefined> => {
      const { value, done } = await lines.next();
      if (done) return undefined;
      return value.startsWith('{') ? JSON.parse(value) : next();
    };
    const ended = new Promise<void>((resolve, reject) => {
      child.once('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${said}`)),
      );
    });
    ended.catch(() => undefined);
    return { child, next, ended };
  });
  await Promise.all(children.map(({ next, ended }) => Promise.race([next(), ended])));
  for (const { child } of children) child.stdin.write('go\n');
  const lines = await Promise.all(
    children.map(async ({ next, ended }) => {
      const found: Line[] = [];
      for (let line = await next(); line; line = await next()) found.push(line);
      await ended;
      return found;
    }),
  );
  const epochs = lines.map((all) => all.filter(({ epoch }) => epoch !== undefined));
  const ends = lines.map((all) => all.at(-1)!);
  return {
    first: speedOf(epochs.map((all) => all.slice(0, 1))),
    later: speedOf(epochs.map((all) => all.slice(1))),
    firstBatch: Math.max(...epochs.map(([line]) => line.first)),
    waits: Math.max(...ends.map(({ share = 0 }) => share)),
    waitsAfterFirst: Math.max(...ends.map(({ afterFirst = 0 }) => afterFirst)),
    memory: ends.reduce((sum, { memory = 0 }) => sum + memory, 0),
  };
}

function speedOf(ranks: Line[][]): Epoch {
  const sum = (lines: Line[], of: (line: Line) => number) =>
    lines.reduce((all, line) => all + of(line), 0);
  const tokens = sum(ranks.flat(), (line) => line.tokens) / 1e6;
  const seconds = Math.max(...ranks.map((lines) => sum(lines, (line) => line.seconds)));
  return { speed: tokens / seconds, cpuSpeed: tokens / sum(ranks.flat(), (line) => line.cpu) };
}
