/**
 * The table of the sampler, 25 million parameters, two cores, fp32:
 *   node bin/start.js bench/sample/table.ts [rounds = 3] [rows: batch,position,grammar,server,native,cpu,weights,weights-cpu,7b,7b-layers,draft,draft-7b]
 * Needs bench/peers/setup.sh for `batch` and `cpu`, bench/peers/setup-llama-cpp.sh for `server`, `weights` and `7b`; `7b-layers` has two layers
 * of 7B; `draft` has the trained pair of the showcase in larger matrices, with four layers of 7B, `draft-7b` with all. Two that are compared take turns; a ratio is the
 * median of the rounds. `cpu` gives each one thread and counts CPU time: where a machine does other
 * work as well, threads that spin while they wait make both time and CPU time of two threads worthless.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peerPython } from '../jpeg/pillow.ts';
import { output } from '../pipeline/process.ts';
import { median } from '../pipeline/race.ts';
import { makeCheckpoint } from './checkpoint.ts';
import { draftRows } from './draft.ts';
import { sevenBillionRows } from './large.ts';
import { positionRows } from './position.ts';
import { serverRow } from './server.ts';
import { nativeRows, weightsRows } from './weights.ts';

const DRAW = fileURLToPath(new URL('draw.ts', import.meta.url));
const GENERATE = fileURLToPath(new URL('../peers/generate.py', import.meta.url));
/** Tokens that an image of 256x256 may take where the grammar is compared. */
const LIMIT = 4096;
const THREADS = 2;

const [roundsText = '3', rowsText = 'batch,position,grammar'] = process.argv.slice(2);
const rounds = Number(roundsText);
const folder = await mkdtemp(join(tmpdir(), 'codec-lm-sample-bench-'));

type Args = (string | number)[];
const numbers = (text: string) => text.trim().split(' ').map(Number);
const draw = async (...args: Args) =>
  numbers(await output(process.execPath, ['--import=tsx', DRAW, folder, ...args.map(String)]));
const generate = async (...args: Args) =>
  numbers(await output(peerPython(), [GENERATE, folder, ...args.map(String)]));

interface Pair {
  a: number;
  b: number;
}

async function inTurns(a: () => Promise<number>, b: () => Promise<number>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) pairs.push({ b: await b(), a: await a() });
  return pairs;
}

function print(what: string, pairs: readonly Pair[], unit: string, wanted: string): void {
  const middle = (of: (pair: Pair) => number) => median(pairs.map(of));
  const [a, b] = [middle((pair) => pair.a).toFixed(1), middle((pair) => pair.b).toFixed(1)];
  const ratio = middle(({ a, b }) => a / b).toFixed(2);
  console.log(`| ${what}: ${a} against ${b} ${unit} | ${ratio} | ${wanted} |`);
}

async function batchRows(): Promise<void> {
  for (const [batch, wanted] of [
    [1, '2.0'],
    [16, '3.0'],
  ] as const) {
    for (const tokens of [400, 2000]) {
      const pairs = await inTurns(
        async () => (await draw(batch, tokens, THREADS))[0],
        async () => (await generate(batch, tokens, THREADS))[0],
      );
      print(`batch ${batch}, ${tokens} tokens, transformers`, pairs, 'tokens/s', wanted);
    }
  }
}

async function cpuRows(): Promise<void> {
  for (const tokens of [400, 2000]) {
    const pairs = await inTurns(
      async () => (await draw(16, tokens, 1))[1],
      async () => (await generate(16, tokens, 1))[1],
    );
    print(`batch 16, ${tokens} tokens, one thread, transformers`, pairs, 'tokens/CPU s', '3.0');
  }
}

async function grammarRow(): Promise<void> {
  const pairs = await inTurns(
    async () => (await draw(16, 400, THREADS, LIMIT, 'on'))[0],
    async () => (await draw(16, 400, THREADS, LIMIT, 'off'))[0],
  );
  print('grammar on, off; batch 16', pairs, 'tokens/s', '0.9');
  const narrow = await inTurns(
    async () => (await draw(16, 400, THREADS, LIMIT, 'on', 'int8', 'int8'))[0],
    async () => (await draw(16, 400, THREADS, LIMIT, 'off', 'int8', 'int8'))[0],
  );
  print('grammar on, off; batch 16, int8', narrow, 'tokens/s', '0.9');
}

const ROWS = {
  batch: batchRows,
  cpu: cpuRows,
  position: () => positionRows(folder, THREADS, rounds),
  grammar: grammarRow,
  server: () => serverRow(folder, THREADS, rounds),
  native: () => nativeRows(folder, THREADS, rounds),
  weights: () => weightsRows(folder, THREADS, rounds),
  'weights-cpu': () => weightsRows(folder, 1, rounds),
  '7b': () => sevenBillionRows(folder, THREADS, rounds, 32),
  '7b-layers': () => sevenBillionRows(folder, THREADS, rounds, 2),
  draft: () => draftRows(folder, THREADS, rounds),
  'draft-7b': () => draftRows(folder, THREADS, rounds, 32),
};

try {
  await makeCheckpoint(folder);
  console.log('| sampler | ratio | wanted |\n| --- | --- | --- |');
  for (const name of rowsText.split(',')) await ROWS[name as keyof typeof ROWS]();
} finally {
  await rm(folder, { recursive: true, force: true });
}
