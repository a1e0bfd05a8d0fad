/** Drawing with each format of weights, in turns with llama.cpp on the same weights as GGUF. */
import { join } from 'node:path';
import type { WeightsType } from '../../schemas/sample.ts';
import { exportCheckpoint } from '../../trainer/checkpoint/export.ts';
import type { GgufPrecision } from '../../trainer/checkpoint/gguf/types.ts';
import { output } from '../pipeline/process.ts';
import { median } from '../pipeline/race.ts';
import { makeSevenBillion } from './seven-billion.ts';

const PEERS = join(import.meta.dirname, '../peers');
const PYTHON = join(PEERS, '.venv-llama-cpp/bin/python');
const DRAW = join(import.meta.dirname, 'draw.ts');
const PAIRS: readonly { weights: WeightsType; peer: GgufPrecision }[] = [
  { weights: 'fp32', peer: 'fp32' },
  { weights: 'bf16', peer: 'bf16' },
  { weights: 'int8', peer: 'q8_0' },
];
const BATCHES = [1, 8, 16];
const TOKENS = 400;
const LARGE = { tokens: 64, positions: 12_288 };

/** Tokens per second, the same per second of CPU time, and for ours the resident memory in MiB. */
type Speed = number[];

const numbers = (text: string): Speed => text.trim().split(' ').map(Number);

async function draw(folder: string, ...args: (string | number)[]): Promise<Speed> {
  return numbers(
    await output(process.execPath, ['--import=tsx', DRAW, folder, ...args.map(String)]),
  );
}

/** Needs bench/peers/setup-llama-cpp.sh. */
export async function weightsRows(folder: string, threads: number, rounds: number): Promise<void> {
  for (const { weights, peer } of PAIRS) {
    const file = join(folder, `${peer}.gguf`);
    await exportCheckpoint({ checkpoint: folder, to: file, format: 'gguf', precision: peer });
    for (const batch of BATCHES) {
      const [ours, theirs]: Speed[][] = [[], []];
      for (let round = 0; round < rounds; round++) {
        const peerArgs = [file, batch, TOKENS, threads].map(String);
        theirs.push(numbers(await output(PYTHON, [join(PEERS, 'llama_cpp_draw.py'), ...peerArgs])));
        ours.push(await draw(folder, batch, TOKENS, threads, TOKENS, 'off', weights));
      }
      print(`batch ${batch}, ${weights}, llama.cpp ${peer}`, ours, theirs);
    }
  }
}

function print(what: string, ours: readonly Speed[], theirs: readonly Speed[]): void {
  const cell = (i: number) => {
    const [a, b] = [ours, theirs].map((all) => median(all.map((speed) => speed[i])).toFixed(0));
    const ratio = median(ours.map((speed, round) => speed[i] / theirs[round][i])).toFixed(2);
    return `${a} against ${b}: ${ratio}`;
  };
  console.log(`| ${what} | ${cell(0)} tokens/s | ${cell(1)} tokens/CPU s |`);
}

/** The shape of 7B, with the room of a whole image: 13 GB on the disk, 13 GiB of memory. */
export async function sevenBillionRows(folder: string, threads: number): Promise<void> {
  const large = join(folder, '7b');
  await makeSevenBillion(large);
  for (const weights of ['int8', 'bf16']) {
    const { tokens, positions } = LARGE;
    const [speed, cpu, mib] = await draw(large, 1, tokens, threads, positions - 1, 'off', weights);
    const resident = `${(mib / 1024).toFixed(2)} GiB resident`;
    console.log(
      `| 7B, ${weights}, ${tokens} tokens | ${speed.toFixed(2)} tokens/s, ${cpu.toFixed(2)} tokens/CPU s | ${resident} |`,
    );
  }
}
