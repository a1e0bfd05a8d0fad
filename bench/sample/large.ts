/** The width of 7B: int8 in turns with llama.cpp's Q8_0, and a token's time beside a plain read. */
import { join } from 'node:path';
import type { WeightsType } from '../../schemas/sample.ts';
import type { LlamaConfig } from '../../trainer/model/config.ts';
import { planLayout } from '../../trainer/sample/engine/regions.ts';
import { median } from '../pipeline/race.ts';
import { PlainReader } from './plain-read.ts';
import { makeSevenBillion } from './seven-billion.ts';
import { draw, peerDraw, printRow, type Speed, writeGguf } from './weights.ts';

const [TOKENS, POSITIONS] = [64, 12_288];
/** Bytes of a plain read; more would not be read faster. */
const READ = 2 ** 30;

/**
 * Needs bench/peers/setup-llama-cpp.sh. With all 32 layers 21 GB on the disk, and 14 GiB of memory.
 * @param folder where the model is made
 */
export async function sevenBillionRows(
  folder: string,
  threads: number,
  rounds: number,
  layers: number,
): Promise<void> {
  const large = join(folder, `7b-${layers}`);
  const config = await makeSevenBillion(large, layers);
  const file = await writeGguf(large, 'q8_0');
  // One for all rounds: its memory goes only when the garbage collector sees a reason, and the model fills the machine.
  const reader = new PlainReader(READ, threads);
  // The first read waits for the threads to start.
  reader.read(READ);
  for (const weights of ['int8', 'bf16'] as const) {
    const [ours, theirs]: Speed[][] = [[], []];
    const reads: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (weights === 'int8') theirs.push(await peerDraw(file, 1, TOKENS, threads));
      reads.push(plainRead(reader));
      const args = [1, TOKENS, threads, POSITIONS - 1, 'off', weights, 'int8'];
      ours.push(await draw(large, ...args));
      reads.push(plainRead(reader));
    }
    const what = `7B, ${layers} layers, ${weights}`;
    if (weights === 'int8') printRow(`${what}, llama.cpp q8_0`, ours, theirs);
    const middle = (i: number) => median(ours.map((speed) => speed[i]));
    const bytes = bytesPerToken(config, weights, threads);
    const plain = (median(reads) * bytes) / READ;
    const token = 1000 / middle(0);
    console.log(
      `| ${what}: ${token.toFixed(1)} ms a token, ${plain.toFixed(1)} ms a plain read of its ${(bytes / 1e9).toFixed(2)} GB | ${(plain / token).toFixed(2)} | ${(middle(2) / 1024).toFixed(2)} GiB resident, loaded in ${middle(3).toFixed(0)} s |`,
    );
  }
  reader.close();
}

/** The matrices; keys and values of so few tokens are nothing beside them. */
function bytesPerToken(config: LlamaConfig, weights: WeightsType, threads: number): number {
  const plan = { threads, sequences: 1, positions: 64, weights, cache: 'int8' as const };
  const { regions } = planLayout(config, plan, undefined, Number.POSITIVE_INFINITY);
  const matrices = regions.flatMap(({ layers, head }) => [
    ...layers.flatMap(({ qkv, output, gate, up, down }) => [qkv, output, gate, up, down]),
    head,
  ]);
  return matrices.reduce((sum, { panels, panelBytes }) => sum + panels * panelBytes, 0);
}

/** @returns milliseconds */
function plainRead(reader: PlainReader): number {
  return median(Array.from({ length: 5 }, () => reader.read(READ)));
}
