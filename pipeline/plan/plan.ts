/** The plan of a dataset: all inputs in order, divided into partitions and frozen on the disk. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import type { Filtered } from '../../schemas/curation.ts';
import type { Split } from '../../schemas/dataset.ts';
import { PLAN_VERSION, type Plan, planSchema } from '../../schemas/plan.ts';
import { numbered, paths, readJson, readText } from '../files.ts';
import { type Input, parseInput } from '../sources/source.ts';
import { readFiltered } from './filtered.ts';

/** A part of the inputs that is run and committed as a whole. */
export interface Partition {
  number: number;
  /** Number in the names of its files. */
  index: number;
  /** Name of its files, except those of held-out documents: `part-00000`. */
  name: string;
  /** Number of inputs in its list. */
  count: number;
  /** sha256 of its list, if the plan has it. */
  listHash?: string;
  /** sha256 of the list of those that are left out; null or absent where none is. */
  filteredHash?: string | null;
}

/** An input with its index in the plan, which becomes the id of its document. */
export interface PlannedInput {
  docId: number;
  input: Input;
  /** Why it is left out of the dataset, if it is. */
  filtered?: Filtered;
}

/**
 * @returns undefined when nothing is planned yet
 * @throws CodecLmError `DATASET_MISMATCH` for a plan of another version of this program
 */
export async function readPlan(out: string): Promise<Plan | undefined> {
  const path = paths.plan(out);
  const version = (await readJson(path, z.looseObject({ planVersion: z.number() })))?.planVersion;
  if (version === undefined || version === PLAN_VERSION) return readJson(path, planSchema);
  throw new CodecLmError(
    'DATASET_MISMATCH',
    `${path} has version ${version} of the format, this program writes ${PLAN_VERSION}`,
    { path, hint: 'use the release it was begun with, or start again in another folder' },
  );
}

/** Divides the plan into equal partitions; the last one may be smaller. */
export function partitionsOf(
  { inputs, listHashes, curated }: Pick<Plan, 'inputs'> & Partial<Plan>,
  size: number,
): Partition[] {
  return Array.from({ length: Math.ceil(inputs / size) }, (_, i) => ({
    number: i,
    index: i,
    name: nameOf('train', i),
    count: Math.min(size, inputs - i * size),
    listHash: listHashes?.[i],
    filteredHash: curated?.hashes[i],
  }));
}

/** Name of the files of a partition; the tails' shards use the index after the last partition. */
export function nameOf(split: Split, index: number): string {
  return `${split === 'train' ? 'part' : 'val'}-${numbered(index)}`;
}

export function inputsOf(partitions: readonly Partition[]): number {
  return partitions.reduce((sum, { count }) => sum + count, 0);
}

/**
 * The frozen inputs of a partition.
 * @throws CodecLmError `DATASET_INVALID` when the list is missing or cut short, `DATASET_MISMATCH`
 *   when the list differs from the planned one
 */
export async function readList(out: string, partition: Partition): Promise<PlannedInput[]> {
  const path = paths.list(out, partition.name);
  const text = await readText(path);
  const lines = text?.split('\n') ?? [];
  if (lines.length !== partition.count + 1 || lines.pop() !== '') {
    throw new CodecLmError('DATASET_INVALID', `${path} does not hold ${partition.count} inputs`, {
      path,
      hint: 'the frozen plan was changed or lost: start again in another folder',
    });
  }
  const found = partition.listHash && sha256(text!);
  if (found !== partition.listHash) {
    throw new CodecLmError(
      'DATASET_MISMATCH',
      `${path} is not the list that was planned: sha256 ${partition.listHash} in plan.json, ${found} now`,
      { path, hint: 'put the first list back, or plan the new inputs in another folder' },
    );
  }
  const filtered = await readFiltered(out, partition.name, partition.filteredHash);
  return lines.map((line) => {
    const tab = line.indexOf('\t');
    const docId = Number(line.slice(0, tab));
    return { docId, input: parseInput(line.slice(tab + 1)), filtered: filtered.get(docId) };
  });
}

/** Hash of a list, as in plan.json. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
