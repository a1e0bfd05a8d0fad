/** The inputs that curation left out of a partition, as plan.json has frozen them. */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../../base/error.ts';
import { type Filtered, filteredSchema } from '../../schemas/curation.ts';
import { paths, readText } from '../files.ts';

/**
 * The inputs of a partition that are left out, by their index in the plan.
 * @param hash what plan.json says of the file; null where nothing is left out
 * @throws CodecLmError `DATASET_INVALID` when the file is missing or was changed
 */
export async function readFiltered(
  out: string,
  name: string,
  hash: string | null | undefined,
): Promise<ReadonlyMap<number, Filtered>> {
  if (!hash) return new Map();
  const path = paths.filtered(out, name);
  const text = (await readText(path)) ?? '';
  if (createHash('sha256').update(text).digest('hex') !== hash) {
    throw new CodecLmError('DATASET_INVALID', `${path} is not the list of plan.json`, {
      path,
      hint: 'the frozen plan was changed or lost: start again in another folder',
    });
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const filtered = lines.map((line) => filteredSchema.parse(JSON.parse(line)));
  return new Map(filtered.map((line) => [line.input, line]));
}
