/** Drawing with each format of weights, in turns with llama.cpp on the same weights as GGUF. */
import { join } from 'node:path';
import type { CacheType, WeightsType } from '../../schemas/sample.ts';
import { exportCheckpoint } from '../../trainer/checkpoint/export.ts';
import type { GgufPrecision } from '../../trainer/checkpoint/gguf/types.ts';
import { output } from '../pipeline/process.ts';
import { median } from '../pipeline/race.ts';

const PEERS = join(import.meta.dirname, '../peers');
const PYTHON = join(PEERS, '.venv-llama-cpp/bin/python');
const DRAW = join(import.meta.dirname, 'draw.ts');
const TOKENS = 400;

/** The formats that are compared: ours, and the file of llama.cpp. */
interface Pair {
  weights: WeightsType;
  cache: CacheType;
  peer: GgufPrecision;
}

/** One sequence: each format beside theirs. */
const ALONE: readonly Pair[] = [
  { weights: 'fp32', cache: 'fp32', peer: 'fp32' },
  { weights: 'bf16', cache: 'bf16', peer: 'bf16' },
  { weights: 'int8', cache: 'int8', peer: 'q8_0' },
];
/** Many: our fastest beside all of theirs, of which the fastest counts. */
const TOGETHER = ALONE.map(({ peer }): Pair => ({ weights: 'int8', cache: 'int8', peer }));
const ROWS = [
  { batch: 1, pairs: ALONE },
  { batch: 8, pairs: TOGETHER },
  { batch: 16, pairs: TOGETHER },
];

/** Tokens per second, the same per second of CPU time; for ours resident MiB and seconds of loading. */
export type Speed = number[];

const numbers = (text: string): Speed => text.trim().split(' ').map(Number);

export async function draw(folder: string, ...args: (string | number)[]): Promise<Speed> {
  return numbers(
    await output(process.execPath, ['--import=tsx', DRAW, folder, ...args.map(String)]),
  );
}

/** Needs bench/peers/setup-llama-cpp.sh. */
export async function peerDraw(file: string, ...args: number[]): Promise<Speed> {
  const script = join(PEERS, 'llama_cpp_draw.py');
  return numbers(await output(PYTHON, [script, file, ...args.map(String)]));
}

export async function writeGguf(folder: string, precision: GgufPrecision): Promise<string> {
  const file = join(folder, `${precision}.gguf`);
  await exportCheckpoint({ checkpoint: folder, to: file, format: 'gguf', precision });
  return file;
}

/** @param threads with one, CPU time means something on a machine that does other work */
export async function weightsRows(folder: string, threads: number, rounds: number): Promise<void> {
  const files = new Map<string, string>();
  for (const { peer } of ALONE) files.set(peer, await writeGguf(folder, peer));
  for (const { batch, pairs } of ROWS) {
    for (const { weights, cache, peer } of pairs) {
      const [ours, theirs]: Speed[][] = [[], []];
      for (let round = 0; round < rounds; round++) {
        theirs.push(await peerDraw(files.get(peer)!, batch, TOKENS, threads));
        ours.push(await draw(folder, batch, TOKENS, threads, TOKENS, 'off', weights, cache));
      }
      const what = `batch ${batch}, ${weights} with ${cache} keys and values, llama.cpp ${peer}`;
      printRow(what, ours, theirs);
    }
  }
}

/** TensorFlow's engine in turns with this project's, on the same weights. */
export async function nativeRows(folder: string, threads: number, rounds: number): Promise<void> {
  for (const batch of [8, 16, 32]) {
    for (const weights of ['fp32', 'bf16']) {
      const [wasm, native]: Speed[][] = [[], []];
      const args = [batch, TOKENS, threads, TOKENS, 'off', weights, ''];
      for (let round = 0; round < rounds; round++) {
        native.push(await draw(folder, ...args, 'native'));
        wasm.push(await draw(folder, ...args, 'wasm'));
      }
      printRow(`batch ${batch}, ${weights}, engine wasm against native`, wasm, native);
    }
  }
}

/** A ratio is the median of the rounds. */
export function printRow(what: string, ours: readonly Speed[], theirs: readonly Speed[]): void {
  const cell = (i: number) => {
    const [a, b] = [ours, theirs].map((all) => median(all.map((speed) => speed[i])));
    const digits = a < 20 ? 2 : 0;
    const ratio = median(ours.map((speed, round) => speed[i] / theirs[round][i])).toFixed(2);
    return `${a.toFixed(digits)} against ${b.toFixed(digits)}: ${ratio}`;
  };
  console.log(`| ${what} | ${cell(0)} tokens/s | ${cell(1)} tokens/CPU s |`);
}
