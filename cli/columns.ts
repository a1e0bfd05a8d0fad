/** Columns that travel along, for people. */
import { formatCount } from '../base/format.ts';
import type { PlannedColumn } from '../schemas/columns.ts';

/** Such as `label int64 (3 missing)`. */
export function describeColumn({ name, type, missing }: PlannedColumn): string {
  return `${name} ${type}${missing > 0 ? ` (${formatCount(missing)} missing)` : ''}`;
}
