/** Rotary tables of a model. Those from position 0 are kept: training uses them again and again. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { type RopeTable, ropeTable } from '../ops/rope.ts';
import { headSize, type LlamaConfig } from './config.ts';

export class RopeTables {
  readonly #backend: Backend;
  readonly #config: LlamaConfig;
  #kept?: RopeTable & { positions: number };

  constructor(backend: Backend, config: LlamaConfig) {
    this.#backend = backend;
    this.#config = config;
  }

  /** @param start position of the first row; a table that does not start at 0 is the caller's */
  at(time: number, start = 0): RopeTable {
    const [backend, config] = [this.#backend, this.#config];
    if (start > 0) return ropeTable(backend, headSize(config), start, time, config.ropeTheta);
    if (this.#kept?.positions !== time) {
      this.dispose();
      const table = ropeTable(backend, headSize(config), 0, time, config.ropeTheta);
      for (const tensor of Object.values(table) as Tensor[]) backend.tf.keep(tensor);
      this.#kept = { ...table, positions: time };
    }
    return this.#kept;
  }

  dispose(): void {
    if (!this.#kept) return;
    const { cos, sin, rotate } = this.#kept;
    this.#backend.tf.dispose([cos, sin, rotate]);
    this.#kept = undefined;
  }
}
