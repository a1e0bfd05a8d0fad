/** How much of the machine's memory the native engine takes on a CPU. */
import { CodecLmError } from '../../../../base/error.ts';
import { headSize, type LlamaConfig, parameterCount } from '../../../model/config.ts';
import { usableMemory } from '../regions.ts';
import type { NativeWeights } from './ops.ts';

export interface NativeSize {
  /** Number of sequences open at once. */
  sequences: number;
  /** Number of tokens of the longest sequence. */
  positions: number;
  /** Cores to use; default: all. */
  threads?: number;
  weights: NativeWeights;
}

const BYTES: Readonly<Record<NativeWeights, number>> = { fp32: 4, bf16: 2 };

/**
 * All sequences at full length, or as many as there is memory for.
 * @throws CodecLmError `MEMORY_LIMIT` where not even one fits beside the weights
 */
export function sequencesThatFit(
  config: LlamaConfig,
  { sequences, positions, weights }: NativeSize,
  usable = usableMemory(),
): number {
  const { layers, kvHeads } = config;
  const model = parameterCount(config) * BYTES[weights];
  // Values are fp32 on CPUs.
  const position = layers * kvHeads * headSize(config) * (BYTES[weights] + BYTES.fp32);
  const sequence = position * positions;
  const fitting = Math.floor((usable - model) / sequence);
  if (fitting >= 1) return Math.min(sequences, fitting);
  const gib = (count: number) => `${(count / 2 ** 30).toFixed(1)} GiB`;
  throw new CodecLmError(
    'MEMORY_LIMIT',
    `the model takes ${gib(model)} as ${weights} and the keys and values of ${positions} tokens ${gib(sequence)}, of ${gib(usable)} that may be used here`,
    { hint: 'take engine wasm with narrower weights, or shorter sequences' },
  );
}
