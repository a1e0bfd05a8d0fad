/** What documents/ has beside the place of a document: its content hash, and columns that travel along. */
import type { Column, RawValue } from '../../schemas/columns.ts';
import { type DocumentHeader, type DocumentRow, FORMAT_VERSION } from '../../schemas/dataset.ts';
import type { Plan } from '../../schemas/plan.ts';
import { columnsByName } from '../columns/value.ts';

/** The further columns of documents/, in their order. */
export interface Extras {
  /** Whether the sha256 of the source file is kept. */
  hasHash: boolean;
  /** Whether a video may give several documents: where each begins is kept. */
  hasClips: boolean;
  /** The columns that travel along. */
  columns: readonly Column[];
}

export const NO_EXTRAS: Extras = { hasHash: false, hasClips: false, columns: [] };

/** A document with values as the plan has them. */
export type RowOf<Place extends keyof DocumentRow = never> = Omit<
  DocumentRow,
  'columns' | Place
> & {
  values?: readonly RawValue[];
};

/** What a dataset of this plan keeps. */
export function extrasOf({ config, columns = [] }: Pick<Plan, 'config' | 'columns'>): Extras {
  const { curation, clips } = config;
  return {
    hasHash: curation?.duplicates !== undefined || curation?.nearDuplicates !== undefined,
    hasClips: clips !== undefined,
    columns: columns.map(({ name, type }) => ({ name, type })),
  };
}

export function documentHeader(partition: number | null, extras: Extras): DocumentHeader {
  const hash: Column[] = extras.hasHash ? [{ name: 'sha256', type: 'string' }] : [];
  const start: Column[] = extras.hasClips ? [{ name: 'clip_start', type: 'double' }] : [];
  const columns = [...hash, ...start, ...extras.columns];
  return {
    formatVersion: FORMAT_VERSION,
    partition,
    ...(columns.length > 0 ? { columns } : {}),
  };
}

/** The row of documents/, with the values by their types. */
export function documentRow({ values, ...row }: RowOf, { columns }: Extras): DocumentRow {
  if (columns.length === 0) return row;
  return { ...row, columns: columnsByName(columns, values) };
}
