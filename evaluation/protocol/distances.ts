/** Distances of two sets, each computed once and kept as a file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { makeFolder } from '../../base/files.ts';
import { compareSchema } from '../../schemas/evaluation.ts';
import { gaussianOf } from '../distances/frechet.ts';
import { type DoubleMath, rowsAt } from '../distances/matrix.ts';
import { figuresOf } from '../figures.ts';
import type { Rows } from '../npz/statistics.ts';
import type { PictureSet } from '../source.ts';
import { hashOf } from './choose.ts';
import type { FeatureStore, PictureList } from './feature-store.ts';
import { goOnUnlessStopped, type Work } from './work.ts';

/** A set, or every other picture of it. */
export interface MeasuredSide {
  readonly list: PictureList;
  readonly half?: 'even' | 'odd';
}

export interface SetPair {
  readonly reference: MeasuredSide;
  readonly generated: MeasuredSide;
}

/** Figures of a pair; KID and the rest are missing for very few pictures. */
export interface PairFigures {
  readonly distance: number;
  readonly kid?: number;
  readonly precision?: number;
  readonly recall?: number;
}

export class Distances {
  readonly #work: Work;
  readonly #store: FeatureStore;
  readonly #math: DoubleMath;
  /** The set that was read last as a reference: pairs come in their order. */
  #kept: { key: string; set: PictureSet } | undefined;

  constructor(work: Work, store: FeatureStore, math: DoubleMath) {
    this.#work = work;
    this.#store = store;
    this.#math = math;
  }

  /** This rank's share of the pairs; what is there already is passed over. */
  async computeShare(pairs: readonly SetPair[]): Promise<void> {
    const { communicator, onEvent } = this.#work;
    const { rank, size } = communicator;
    for (const [nth, pair] of pairs.entries()) {
      if (nth % size !== rank) continue;
      goOnUnlessStopped(this.#work);
      const what = pair.generated.list.label;
      onEvent?.({ type: 'stage', stage: 'distances', what, done: nth, total: pairs.length });
      await this.of(pair);
    }
  }

  /** @throws CodecLmError `NOT_FINITE`, `PICTURES_TOO_FEW` */
  async of(pair: SetPair): Promise<PairFigures> {
    const folder = this.#work.layout.distances;
    await makeFolder(folder);
    const path = join(folder, `${await this.#keyOf(pair)}.json`);
    const before = await readFile(path, 'utf8').catch(() => undefined);
    if (before !== undefined) return JSON.parse(before) as PairFigures;
    const figures = await this.#compute(pair);
    await replaceFile(path, `${JSON.stringify(figures)}\n`);
    return figures;
  }

  async #compute({ reference, generated }: SetPair): Promise<PairFigures> {
    const { seed, kidSubsets: subsets, kidSubsetSize: subsetSize } = compareSchema.parse({});
    const [a, b] = [await this.#reference(reference), await this.#setOf(generated)];
    const { fid, kid, precision, recall } = figuresOf(this.#math, a, b, {
      ...{ seed, subsets, subsetSize },
    });
    return { distance: fid, kid: kid?.mean, precision, recall };
  }

  async #reference(side: MeasuredSide): Promise<PictureSet> {
    const key = `${await this.#store.keyOf(side.list)} ${side.half}`;
    if (this.#kept?.key !== key) {
      this.#kept = undefined;
      this.#kept = { key, set: await this.#setOf(side) };
    }
    return this.#kept.set;
  }

  async #setOf({ list, half }: MeasuredSide): Promise<PictureSet> {
    const { features: all } = await this.#store.read(list);
    const features = half ? halfOf(all, half) : all;
    return { gaussian: gaussianOf(this.#math, features), features, skipped: [] };
  }

  async #keyOf({ reference, generated }: SetPair): Promise<string> {
    const options = compareSchema.parse({});
    const sides = [reference, generated].map(async ({ list, half }) => [
      await this.#store.keyOf(list),
      half,
    ]);
    return hashOf(JSON.stringify({ options, sides: await Promise.all(sides) }));
  }
}

/** Every other picture, beginning with the first or with the second. */
export function halfOf(rows: Rows, half: 'even' | 'odd'): Rows {
  const first = half === 'even' ? 0 : 1;
  const chosen = Array.from({ length: rows.count }, (_, i) => i).filter((i) => i % 2 === first);
  const { data } = rowsAt(rows, chosen);
  return { count: chosen.length, dims: rows.dims, data };
}
