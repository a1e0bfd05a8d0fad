/**
 * Memory of one rank while it computes gradients, which is the peak: on a GPU the tensors and the
 * messages of ZeRO-3, on a CPU all that is resident.
 */
import { type LlamaConfig, parameterCount } from '../model/config.ts';
import { partsOf } from '../model/parts.ts';
import type { Precision } from '../ops/linear.ts';
import { type ActivationOptions, activationCounts } from './activations.ts';
import { ALLOCATOR_SHARE, messageBytes, PROCESS_BYTES } from './host.ts';

/** Weights, gradients and moments are fp32; so are most activations. */
const BYTES = 4;

export interface MemoryOptions extends ActivationOptions {
  gradAccumulation: number;
  precision: Precision;
  zero: 0 | 1 | 3;
  worldSize: number;
  /** Ranks that share a model with ZeRO-3; default: all. */
  zeroGroup?: number;
}

/** Memory of one rank in bytes, at the moment when it is highest. */
export interface MemoryEstimate {
  /** With ZeRO-3 the rank's share of them, and those that are gathered at that moment. */
  weights: number;
  /**
   * Those that are there at that moment; with accumulation, also their sum so far. With ZeRO-3 those
   * of a block, and the rank's share of the sums.
   */
  gradients: number;
  /**
   * Both moments of AdamW; with ZeRO-1, the rank's share of them and of the weights that it
   * updates; with ZeRO-3, its share of them.
   */
  optimizer: number;
  activations: number;
  /**
   * ZeRO-3: weights of the next block that are on their way, and this rank's share of them. On CPUs all
   * arrays of messages, whatever the stage.
   */
  messages: number;
  /** CPUs: gaps that TensorFlow's allocator leaves between tensors. */
  allocator: number;
  /** CPUs: the process without a model. */
  process: number;
  total: number;
}

type Moment = Pick<MemoryEstimate, 'gradients' | 'activations'>;

export function estimateMemory(config: LlamaConfig, options: MemoryOptions): MemoryEstimate {
  const held = options.zero === 3 ? shardedBytes(config, options) : wholeBytes(config, options);
  const { kept, block, head } = activationCounts(config, options);
  const { layers } = config;
  const { sums, ends, part } = held.gradients;
  // Activations are freed and gradients come, block after block: the peak is at one of the ends.
  const moments: Moment[] = [
    { gradients: sums.first + ends, activations: layers * kept + head },
    { gradients: sums.first + ends + part, activations: layers * kept + block },
    { gradients: sums.last + part, activations: kept + block },
  ].map(({ gradients, activations }) => ({ gradients, activations: BYTES * activations }));
  const { weights, optimizer, messages } = held;
  const sum = ({ gradients, activations }: Moment) => gradients + activations;
  const highest = moments.reduce((a, b) => (sum(b) > sum(a) ? b : a));
  const tensors = weights + optimizer + sum(highest);
  const isHost = options.hasKernels === true;
  const allocator = isHost ? Math.round(ALLOCATOR_SHARE * tensors) : 0;
  const process = isHost ? PROCESS_BYTES : 0;
  const total = tensors + messages + allocator + process;
  return { weights, optimizer, ...highest, messages, allocator, process, total };
}

/** Bytes of what does not depend on the batch. */
interface HeldBytes extends Pick<MemoryEstimate, 'weights' | 'optimizer' | 'messages'> {
  gradients: {
    /** Sums when the backward pass of the last micro batch begins and ends. */
    sums: { first: number; last: number };
    /** Gradients of the output and the embedding. */
    ends: number;
    /** Gradients of the block that goes backward. */
    part: number;
  };
}

function wholeBytes(config: LlamaConfig, options: MemoryOptions): HeldBytes {
  const { gradAccumulation, zero, worldSize, hasKernels } = options;
  const weights = BYTES * parameterCount(config);
  const { part, ends } = partBytes(config);
  const isSum = gradAccumulation > 1;
  return {
    weights,
    optimizer: zero === 1 ? (3 * weights) / worldSize : 2 * weights,
    messages: hasKernels ? messageBytes(config, options, part, part) : 0,
    gradients: {
      // The gradients of a single micro batch are the sums.
      sums: isSum ? { first: weights, last: weights } : { first: 0, last: weights - part },
      ends,
      part,
    },
  };
}

function shardedBytes(config: LlamaConfig, options: MemoryOptions): HeldBytes {
  const { worldSize, zeroGroup = worldSize, precision, hasKernels } = options;
  const weights = BYTES * parameterCount(config);
  const share = weights / zeroGroup;
  const { part, ends } = partBytes(config);
  const gathered = precision === 'bf16' ? part / 2 : part;
  return {
    weights: share + gathered + ends,
    optimizer: 2 * share,
    messages: hasKernels
      ? messageBytes(config, options, part, gathered)
      : gathered + gathered / zeroGroup,
    gradients: { sums: { first: share, last: share }, ends, part },
  };
}

function partBytes(config: LlamaConfig): { part: number; ends: number } {
  let part = 0;
  for (const shape of partsOf(config).get(0)!.values()) {
    part += BYTES * shape.reduce((product, size) => product * size, 1);
  }
  return { part, ends: BYTES * parameterCount(config) - config.layers * part };
}
