/**
 * Measures the time per token at a far position and at a near one. Attention reads all keys and
 * values of the sequence, everything else the weights: where both come as fast as memory gives
 * them, a token costs what its bytes do. So a plain read of as many bytes, on as many threads,
 * takes its turns too.
 */
import type { CachedSequence, Engine } from '../../trainer/sample/engine/engine.ts';
import { loadEngine, readCheckpoint } from '../../trainer/sample/load.ts';
import { median } from '../pipeline/race.ts';
import { POSITIONS } from './checkpoint.ts';
import { PlainReader } from './plain-read.ts';

const [NEAR, FAR] = [500, 8000];
const FLOAT = 4;

/** Milliseconds of one round. */
interface Times {
  near: number;
  far: number;
  plainNear: number;
  plainFar: number;
  /** The number of bytes between the two positions. */
  plainBetween: number;
}

/** @param rounds of 64 tokens at each position */
export async function positionRows(folder: string, threads: number, rounds: number): Promise<void> {
  const checkpoint = await readCheckpoint(folder);
  const { layers, hiddenSize, intermediateSize, vocabSize } = checkpoint.config;
  const weights = layers * (4 * hiddenSize ** 2 + 3 * hiddenSize * intermediateSize);
  const bytesAt = (position: number) =>
    FLOAT * (weights + hiddenSize * vocabSize + 2 * layers * hiddenSize * position);
  const size = { sequences: 2, positions: POSITIONS, threads };
  const engine = await loadEngine(checkpoint, size, () =>
    Promise.reject(new Error('this model has kernels of its own')),
  );
  const reader = new PlainReader(bytesAt(FAR), threads);
  const times: Times[] = [];
  const steps = 64 * rounds;
  const [near, far] = [await readTo(engine, NEAR, steps), await readTo(engine, FAR, steps)];
  for (let step = 0; step < steps; step++) {
    times.push({
      near: await timeOf(engine, near),
      plainNear: reader.read(bytesAt(NEAR)),
      far: await timeOf(engine, far),
      plainFar: reader.read(bytesAt(FAR)),
      plainBetween: reader.read(bytesAt(FAR) - bytesAt(NEAR)),
    });
  }
  reader.close();
  await engine.dispose();
  print(times, bytesAt);
}

function print(times: readonly Times[], bytesAt: (position: number) => number): void {
  const middle = (of: (round: Times) => number) => median(times.map(of));
  const ms = (of: (round: Times) => number) => `${middle(of).toFixed(2)} ms`;
  const ratio = (of: (round: Times) => number) => middle(of).toFixed(2);
  const [near, far] = [bytesAt(NEAR), bytesAt(FAR)].map((bytes) => (bytes / 1e6).toFixed(0));
  const explained = (bytesAt(FAR) / bytesAt(NEAR)).toFixed(2);
  const between = bytesAt(FAR) - bytesAt(NEAR);
  const speed = (milliseconds: number) => (between / milliseconds / 1e6).toFixed(1);
  const row = (...cells: string[]) => console.log(`| ${cells.join(' | ')} |`);
  row(
    `a token at position ${FAR}, at ${NEAR}: ${ms((t) => t.far)} and ${ms((t) => t.near)}`,
    ratio((t) => t.far / t.near),
    `at most ${explained}: weights and cache read, ${far} and ${near} MB`,
  );
  row(
    `a plain read of as many bytes: ${ms((t) => t.plainFar)} and ${ms((t) => t.plainNear)}`,
    ratio((t) => t.plainFar / t.plainNear),
    '',
  );
  row(
    `the cache between the two: ${speed(middle((t) => t.far - t.near))} GB/s, a plain read of as much: ${speed(middle((t) => t.plainBetween))} GB/s`,
    ratio((t) => t.plainBetween / (t.far - t.near)),
    '',
  );
}

async function readTo(engine: Engine, position: number, more: number): Promise<CachedSequence> {
  const sequence = engine.open(position + more)!;
  while (sequence.length < position) {
    const count = Math.min(engine.maxRows, position - sequence.length);
    const rows = Array.from({ length: count }, () => ({ sequence, id: 65, wantsLogits: false }));
    await engine.step(rows);
  }
  return sequence;
}

async function timeOf(engine: Engine, sequence: CachedSequence): Promise<number> {
  const start = performance.now();
  await engine.step([{ sequence, id: 65, wantsLogits: true }]);
  return performance.now() - start;
}
