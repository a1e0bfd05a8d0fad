/** The effect of a damaged dataset on its readers, and the places where a shard may be damaged. */
import { readdir, readFile } from 'node:fs/promises';
import type { ParquetSchema } from 'parquetjs-lite';
import { CodecLmError } from '../../base/error.ts';
import { openDataset } from '../../shards/dataset/dataset.ts';
import { ParquetFile } from '../../shards/parquet/footer.ts';

/** All batches of an epoch as text, or the error that the loader ended with. */
export async function loadedFrom(dir: string): Promise<string | Error> {
  try {
    const dataset = await openDataset(dir);
    const batches: string[] = [];
    try {
      const options = { microBatch: 2, epochs: 1, seed: 3, segments: true };
      for await (const { ids, segments } of dataset.loader(options)) {
        batches.push(`${ids.join()} ${segments!.join()}`);
      }
    } finally {
      await dataset.close();
    }
    return batches.join('\n');
  } catch (error) {
    return error as Error;
  }
}

const DAMAGE_CODES = new Set(['SHARD_INVALID', 'DATASET_INVALID', 'DATASET_INCOMPLETE']);

/** Whether damage was met as it should be: one error that says so, or nothing changed. */
export function isClear(found: string | Error, expected: string): boolean {
  if (typeof found === 'string') return found === expected;
  return found instanceof CodecLmError && DAMAGE_CODES.has(found.code) && found.message.length > 20;
}

/** All files of a dataset that `verify` vouches for. */
export async function guardedFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true });
  return names
    .filter((name) => /\.(parquet|json|tsv)$/.test(name))
    .sort((a, b) => (a < b ? -1 : 1));
}

export interface Structure {
  name: string;
  start: number;
  end: number;
}

/** The parts of a Parquet file of ours, in order. */
export async function structuresOf(path: string, schema: ParquetSchema): Promise<Structure[]> {
  const size = (await readFile(path)).length;
  const found: Structure[] = [{ name: 'magic', start: 0, end: 4 }];
  const add = (name: string, start: number, length: number) => {
    found.push({ name, start, end: start + length });
  };
  const file = await ParquetFile.open(path, schema);
  for (const [i, group] of file.rowGroups.entries()) {
    for (const [column, { dictionary, offsetIndex }] of group.columns) {
      const name = `row group ${i}, ${column}`;
      if (dictionary) add(`${name}: dictionary`, dictionary.offset, dictionary.length);
      for (const [n, slot] of (await file.readPageSlots(group, column)).entries()) {
        add(`${name}: page ${n}`, slot.offset, slot.length);
      }
      add(`${name}: index`, offsetIndex!.offset!, offsetIndex!.length!);
    }
  }
  await file.close();
  const footer = (await readFile(path)).readUInt32LE(size - 8);
  add('footer', size - 8 - footer, footer);
  add('length of the footer', size - 8, 4);
  add('magic at the end', size - 4, 4);
  return found.sort((a, b) => a.start - b.start);
}
