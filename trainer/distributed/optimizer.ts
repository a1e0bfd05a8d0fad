/** Chooses the form of AdamW for ranks that have all weights. */
import type { Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { AdamWOptions } from '../optim/adamw.ts';
import type { Communicator } from './communicator.ts';
import type { RankedOptimizer } from './ranked.ts';
import { ReplicatedAdamW } from './replicated.ts';
import { ShardedAdamW } from './zero.ts';

export interface RankedOptions extends AdamWOptions {
  /**
   * 0: every rank has all moments. 1: each rank has one part of them (ZeRO, arXiv 1910.02054,
   * section 5.1). 3: also of the weights and the gradients (`ShardedTraining`).
   */
  zero: 0 | 1 | 3;
}

export function createOptimizer(
  backend: Backend,
  communicator: Communicator,
  parameters: ReadonlyMap<string, Variable>,
  options: RankedOptions,
): RankedOptimizer {
  const Form = options.zero === 1 ? ShardedAdamW : ReplicatedAdamW;
  return new Form(backend, communicator, parameters, options);
}
