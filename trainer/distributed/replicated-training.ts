/** Every rank has all weights: plain data parallelism, and ZeRO-1. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Llama } from '../model/llama.ts';
import { addGradients } from '../model/loss.ts';
import { type ModelPart, partsOf } from '../model/parts.ts';
import type { NamedArray } from '../model/streams.ts';
import type { Communicator } from './communicator.ts';
import type { RankedOptimizer } from './ranked.ts';
import type { ClippedStep, Training } from './training.ts';

export class ReplicatedTraining implements Training {
  readonly model: Llama;
  readonly #communicator: Communicator;
  readonly #optimizer: RankedOptimizer;
  /** Sums over the micro batches of a step. */
  readonly #sums = new Map<ModelPart, Map<string, Tensor>>();

  constructor(communicator: Communicator, model: Llama, optimizer: RankedOptimizer) {
    this.#communicator = communicator;
    this.model = model;
    this.#optimizer = optimizer;
  }

  add(part: ModelPart, gradients: Map<string, Tensor>): void {
    this.#sums.set(part, addGradients(this.model, this.#sums.get(part), gradients));
  }

  step(lr: number, clipNorm: number, check: (step: ClippedStep) => Promise<void>): Promise<number> {
    const parts = [...partsOf(this.model.config).keys()];
    const gradients = new Map(parts.flatMap((part) => [...this.#sums.get(part)!]));
    this.#sums.clear();
    const { parameters } = this.model;
    return this.#optimizer.step(gradients, lr, clipNorm, (norm, sums) =>
      check({ norm, parameters, gradients: sums }),
    );
  }

  async *weights(): AsyncGenerator<NamedArray, void> {
    if (this.#communicator.rank > 0) return;
    for (const [name, variable] of this.model.parameters) {
      yield [name, await variable.data<'float32'>()];
    }
  }

  momentShapes(): Map<string, number[]> {
    return this.#optimizer.momentShapes();
  }

  moments(): AsyncGenerator<NamedArray, void> {
    return this.#optimizer.moments();
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.model.dispose();
  }
}
