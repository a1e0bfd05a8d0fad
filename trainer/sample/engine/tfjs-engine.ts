/**
 * The engine for models that the WebAssembly kernels do not support: tfjs, one sequence after the
 * other.
 */
import type { Tensor2D } from '@tensorflow/tfjs';
import { KeyValueCache } from '../../model/cache.ts';
import type { Llama } from '../../model/llama.ts';
import type { CachedSequence, Engine, EngineRow } from './engine.ts';
import { MAX_ROWS } from './layout.ts';

class TensorSequence implements CachedSequence {
  readonly cache: KeyValueCache;
  readonly capacity: number;

  constructor(cache: KeyValueCache, capacity: number) {
    this.cache = cache;
    this.capacity = capacity;
  }

  get length(): number {
    return this.cache.length;
  }
}

/**
 * @param sequences number of sequences open at once
 * @param positions number of positions of the longest sequence
 */
export function createTfjsEngine(model: Llama, sequences: number, positions: number): Engine {
  const { backend, config } = model;
  const { tf } = backend;
  let open = 0;

  /** Reads further tokens of one sequence; gives the logits after each. */
  const advance = async (sequence: TensorSequence, ids: number[]): Promise<Float32Array> => {
    const logits = tf.tidy(() => {
      const input = tf.tensor2d([ids], [1, ids.length], 'int32') as Tensor2D;
      return model.forwardCached(input, sequence.cache);
    });
    const values = await logits.data<'float32'>();
    logits.dispose();
    return values;
  };

  return {
    vocabSize: config.vocabSize,
    maxRows: MAX_ROWS,
    capacity: sequences * positions,
    description: `tfjs, ${backend.name}`,
    open(capacity) {
      if (open === sequences) return undefined;
      open++;
      return new TensorSequence(new KeyValueCache(backend), capacity);
    },
    fork(source, length, capacity) {
      if (open === sequences) return undefined;
      open++;
      return new TensorSequence((source as TensorSequence).cache.fork(length), capacity);
    },
    close(sequence) {
      (sequence as TensorSequence).cache.dispose();
      open--;
    },
    async step(rows) {
      const results: Float32Array[] = [];
      for (const run of runsOf(rows)) {
        const sequence = run[0].sequence as TensorSequence;
        const ids = run.map(({ id }) => id);
        const logits = await advance(sequence, ids);
        run.forEach(({ wantsLogits }, i) => {
          const from = i * config.vocabSize;
          if (wantsLogits) results.push(logits.slice(from, from + config.vocabSize));
        });
      }
      return results;
    },
    dispose: async () => model.dispose(),
  };
}

/** Groups rows by sequence; rows of one sequence are adjacent. */
function runsOf(rows: readonly EngineRow[]): EngineRow[][] {
  const runs: EngineRow[][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last?.[0].sequence === row.sequence) last.push(row);
    else runs.push([row]);
  }
  return runs;
}
