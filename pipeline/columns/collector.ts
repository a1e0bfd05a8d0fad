/** Collects the columns of a listing: what each input has beside it, and the types that follow. */
import type { ColumnSpec, ColumnsConfig, PlannedColumn, RawValue } from '../../schemas/columns.ts';
import { ColumnTypes, type FoundValue, listError, type ValuePlace } from './types.ts';
import { foundValue } from './value.ts';

export class ColumnCollector {
  readonly specs: readonly ColumnSpec[];
  /** The column of tables that names the file; null where no table is asked for. */
  readonly pathColumn: string | null;
  readonly #types: ColumnTypes;
  readonly #missing: number[];

  constructor({ of, path }: ColumnsConfig) {
    this.specs = of;
    this.pathColumn = path;
    this.#types = new ColumnTypes(of);
    this.#missing = of.map(() => 0);
  }

  /** Notes one value of the column of this index, and gives it as the plan has it. */
  take(index: number, found: FoundValue, place: ValuePlace): RawValue {
    this.#types.observe(index, found, place);
    return found.raw;
  }

  /**
   * The same for a value of JSON or Parquet.
   * @param isNumber whether its column is of floating point
   * @throws CodecLmError `LIST_INVALID`
   */
  takeValue(index: number, value: unknown, place: ValuePlace, isNumber = false): RawValue {
    const found = foundValue(value, isNumber);
    const { name, from } = this.specs[index];
    if (found) return this.take(index, found, place);
    const what = value instanceof Uint8Array ? 'bytes' : `${String(value)}, which is not exact`;
    throw listError(place, `column ${from} holds ${what}`, `write it as text for ${name}`);
  }

  /**
   * Counts a file that is listed.
   * @param by number of its inputs; below 0 to take it back where it was named before
   */
  count(values: readonly RawValue[] | undefined, by = 1): void {
    for (const i of this.specs.keys()) if ((values?.[i] ?? null) === null) this.#missing[i] += by;
  }

  /**
   * @param mayLack whether a column may have no value
   * @throws CodecLmError `LIST_INVALID` for a column without values, or of several types
   */
  resolve(mayLack = false): PlannedColumn[] {
    return this.#types
      .resolve(mayLack)
      .map((column, i) => ({ ...column, missing: this.#missing[i] }));
  }
}
