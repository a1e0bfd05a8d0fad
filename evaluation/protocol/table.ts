/** The table: a row for each model and each floor, its figures by condition and by reference. */
import {
  type Cell,
  type Counts,
  type EvaluationTable,
  PROTOCOL_VERSION,
  REFERENCES,
  type Reference,
  type Row,
  type Spread,
} from '../../schemas/protocol.ts';
import type { Codec } from '../../tokenizer/index.ts';
import type { Distances, PairFigures, SetPair } from './distances.ts';
import type { ForeignSet } from './elsewhere.ts';
import { conditionsOf, type Draw, drawsOf, type PromptCondition, seedsOf } from './layout.ts';
import { sizesOf } from './prepare.ts';
import { drawnSet, type MeasuredSet, pastedSet, referenceList } from './sets.ts';
import type { Work } from './work.ts';

/** Fewest pictures that can be halved and still have covariances. */
const FEWEST_TO_HALVE = 4;

/** A row before anything is measured. */
export interface RowSets {
  readonly name: string;
  readonly kind: 'model' | 'elsewhere';
  readonly byCondition: ReadonlyMap<string, readonly MeasuredSet[]>;
}

/** @throws CodecLmError `INPUT_NOT_FOUND` for completions that are not there */
export async function rowSets(work: Work, foreign: readonly ForeignSet[]): Promise<RowSets[]> {
  const { settings } = work.plan;
  const conditions = conditionsOf(settings);
  const draws = drawsOf(settings);
  const rows: RowSets[] = [];
  for (const draw of draws) {
    const byCondition = new Map<string, MeasuredSet[]>();
    for (const condition of conditions) {
      const sets = [];
      for (const seed of seedsOf(settings)) {
        sets.push(await drawnSet(work, condition, draw, seed));
      }
      byCondition.set(condition.id, sets);
    }
    rows.push({ name: modelName(draw, draws.length), kind: 'model', byCondition });
  }
  for (const name of new Set(foreign.map(({ row }) => row))) {
    const byCondition = new Map<string, MeasuredSet[]>();
    for (const set of foreign.filter(({ row }) => row === name)) {
      const before = byCondition.get(set.condition.id) ?? [];
      byCondition.set(set.condition.id, [...before, await pastedSet(work, set)]);
    }
    rows.push({ name, kind: 'elsewhere', byCondition });
  }
  return rows;
}

function modelName({ topK, topP }: Draw, draws: number): string {
  return draws === 1 ? 'the model' : `the model, top-k ${topK}, top-p ${topP}`;
}

/** Everything that is measured: a name, and the pairs of its sets. */
interface Measured {
  readonly name: string;
  readonly kind: Row['kind'];
  readonly condition: PromptCondition;
  readonly reference: Reference;
  readonly pairs: readonly SetPair[];
}

export const FLOORS = {
  codec: 'originals as the codec writes them',
  halves: 'one half of the originals against the other',
} as const;

/** All pairs, by reference, so that each reference is read once. */
export function measuredOf(work: Work, codec: Codec, rows: readonly RowSets[]): Measured[] {
  const conditions = conditionsOf(work.plan.settings);
  const found: Measured[] = [];
  for (const isHalf of sizesOf(work)) {
    for (const reference of REFERENCES) {
      const list = referenceList(work, codec, reference, isHalf);
      for (const condition of conditions.filter((each) => each.isHalf === isHalf)) {
        const common = { condition, reference };
        for (const { name, kind, byCondition } of rows) {
          const pairs = (byCondition.get(condition.id) ?? []).map((set) => ({
            reference: { list },
            generated: { list: set.list },
          }));
          if (pairs.length > 0) found.push({ ...common, name, kind, pairs });
        }
        if (reference === 'raw') {
          const written = referenceList(work, codec, 'canonical', isHalf);
          const pairs = [{ reference: { list }, generated: { list: written } }];
          found.push({ ...common, name: FLOORS.codec, kind: 'floor', pairs });
        }
        if (work.plan.pictures.length >= FEWEST_TO_HALVE) {
          const [even, odd] = [
            { list, half: 'even' as const },
            { list, half: 'odd' as const },
          ];
          const pairs = [{ reference: even, generated: odd }];
          found.push({ ...common, name: FLOORS.halves, kind: 'floor', pairs });
        }
      }
    }
  }
  return found;
}

export interface TableFacts {
  readonly network?: EvaluationTable['network'];
  readonly notes: readonly string[];
}

/** @param distances undefined where no network was named */
export async function makeTable(
  work: Work,
  codec: Codec,
  rows: readonly RowSets[],
  distances: Distances | undefined,
  { network, notes }: TableFacts,
): Promise<EvaluationTable> {
  const { plan } = work;
  const table = new Map<string, Row>();
  const rowNamed = (name: string, kind: Row['kind']): Row => {
    const row = table.get(name) ?? { name, kind, cells: {}, counts: {} };
    table.set(name, row);
    return row;
  };
  for (const { name, kind, byCondition } of rows) {
    const row = rowNamed(name, kind);
    for (const [id, sets] of byCondition) row.counts[id] = summed(sets.map(({ counts }) => counts));
  }
  if (distances) {
    for (const { name, kind, condition, reference, pairs } of measuredOf(work, codec, rows)) {
      const figures: PairFigures[] = [];
      for (const pair of pairs) figures.push(await distances.of(pair));
      const row = rowNamed(name, kind);
      row.cells[condition.id] = { ...row.cells[condition.id], [reference]: cellOf(figures) };
    }
  }
  return {
    version: PROTOCOL_VERSION,
    checkpoint: plan.checkpoint,
    codec: codec.definition.title,
    settings: plan.settings,
    pictures: plan.pictures.length,
    conditions: conditionsOf(plan.settings).map(({ id, title }) => ({ id, title })),
    network,
    notes: [...notes],
    rows: [...table.values()],
  };
}

function cellOf(figures: readonly PairFigures[]): Cell {
  const spreadIf = (key: keyof PairFigures) => {
    const values = figures.map((each) => each[key]).filter((value) => value !== undefined);
    return values.length === figures.length ? spreadOf(values) : undefined;
  };
  const entries = (['kid', 'precision', 'recall'] as const).flatMap((key) => {
    const spread = spreadIf(key);
    return spread ? [[key, spread]] : [];
  });
  return {
    distance: spreadOf(figures.map(({ distance }) => distance)),
    ...Object.fromEntries(entries),
  };
}

/** Mean and standard deviation with N - 1, as papers print them. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length < 2 ? null : Math.sqrt(squares / (values.length - 1));
  return { mean, deviation, values: [...values] };
}

function summed(all: readonly Counts[]): Counts {
  const total: Record<string, number> = {};
  for (const counts of all) {
    for (const [key, value] of Object.entries(counts)) total[key] = (total[key] ?? 0) + value;
  }
  // A mean, and not a sum.
  if (total.meanChange !== undefined) total.meanChange /= all.length;
  return total as Counts;
}
