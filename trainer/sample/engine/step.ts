/** One step of a model, region after region, as each thread computes it. */
import { linkCompiled } from '../../../compute/compiled/link.ts';
import { linkModule } from '../../../wasm/instantiate.ts';
import { headSize } from '../../model/config.ts';
import type { Barrier } from './barrier.ts';
import { RegionThread } from './compute.ts';
import type { EngineKernels } from './kernels/module.ts';
import type { ThreadData } from './threads.ts';

export interface StepSize {
  rows: number;
  /** Rows whose logits are wanted. */
  wanted: number;
}

export class StepThread {
  readonly #regions: RegionThread[];
  readonly #barrier: Barrier;
  readonly #thread: number;

  constructor(
    { config, layout, memories, module, compiled, thread }: ThreadData,
    barrier: Barrier,
  ) {
    this.#barrier = barrier;
    this.#thread = thread;
    const { weights, cache } = layout;
    const traits = { weights, cache, headSize: headSize(config) };
    this.#regions = layout.regions.map((region, i) => {
      const kernels: EngineKernels = {
        ...linkModule<EngineKernels>(module, memories[i]),
        ...(compiled ? linkCompiled(compiled, memories[i], traits) : {}),
      };
      return new RegionThread(config, kernels, region, memories[i].buffer, barrier, thread);
    });
  }

  /** From the embeddings in the first region to the logits of the wanted rows in the last. */
  run({ rows, wanted }: StepSize): void {
    for (const [i, region] of this.#regions.entries()) {
      if (i > 0) this.#carry(this.#regions[i - 1], region, rows);
      region.run(rows);
    }
    this.#regions.at(-1)!.logits(wanted);
  }

  /** Few numbers: one thread copies them. */
  #carry(from: RegionThread, to: RegionThread, rows: number): void {
    if (this.#thread === 0) to.hidden(rows).set(from.hidden(rows));
    this.#barrier.wait();
  }
}
