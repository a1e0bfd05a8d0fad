/** Examines an output folder, and decides whether this run may continue in it. */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodecLmError, systemCode } from '../base/error.ts';
import { writeError } from '../base/file-error.ts';
import { namesIn } from '../base/files.ts';
import { formatLong } from '../base/format.ts';
import { isRemote, storageAt } from '../base/storage/index.ts';
import type { Plan, PlanConfig } from '../schemas/plan.ts';
import { MANIFEST_FILE } from '../shards/index.ts';
import { readPlan } from './plan/plan.ts';

/** Names that a run may leave when it is killed while it plans. */
const BEFORE_PLAN = new Set(['plan.tmp', 'plan', 'locks']);

export interface OutputState {
  /** undefined when nothing is planned yet. */
  plan: Plan | undefined;
  complete: boolean;
}

/**
 * Examines the folder without changing anything.
 * @throws CodecLmError `OUTPUT_UNWRITABLE` for a file or a place that cannot be written,
 *   `OUTPUT_IN_USE` for a folder with other content
 */
export async function inspectOutput(out: string): Promise<OutputState> {
  if (!isRemote(out)) await checkWritable(out);
  const names = await namesAt(out);
  const plan = await readPlan(out);
  if (!plan) {
    const foreign = names.find((name) => !BEFORE_PLAN.has(name) && !/^\..*\.tmp$/.test(name));
    if (foreign) {
      throw new CodecLmError('OUTPUT_IN_USE', `${out} holds other files (${foreign})`, {
        path: out,
        hint: 'name a folder that is new or empty',
      });
    }
  }
  return { plan, complete: names.includes(MANIFEST_FILE) };
}

/** Reading fails here for the reason for which writing would. */
async function namesAt(out: string): Promise<string[]> {
  try {
    return await (isRemote(out) ? storageAt(out).names(out) : namesIn(out, writeError));
  } catch (error) {
    if (!(error instanceof CodecLmError) || error.code !== 'INPUT_NOT_FOUND') throw error;
    const { message, hint } = error;
    throw new CodecLmError('OUTPUT_UNWRITABLE', message, { cause: error, path: out, hint });
  }
}

/** Checks the folder, or the closest existing folder above it. */
async function checkWritable(out: string): Promise<void> {
  let path = out;
  for (;;) {
    try {
      const found = await stat(path);
      if (!found.isDirectory()) {
        throw new CodecLmError('OUTPUT_UNWRITABLE', `${path} is a file, not a folder`, { path });
      }
      await access(path, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw writeError(error, out);
      path = dirname(path);
    }
  }
}

/**
 * @param anyVersions whether the versions of the encoder may differ
 * @throws CodecLmError `DATASET_MISMATCH` that lists the differences between the dataset and this
 * run
 */
export function checkSameConfig(
  out: string,
  planned: PlanConfig,
  asked: PlanConfig,
  anyVersions = false,
): void {
  const before = flatten(planned);
  const now = flatten(asked);
  const keys = [...new Set([...before.keys(), ...now.keys()])];
  const changes = keys
    .filter((key) => before.get(key) !== now.get(key))
    .filter((key) => !(anyVersions && isVersion(key)))
    .map((key) => `${key}: ${shown(key, before)} there, ${shown(key, now)} now`);
  if (changes.length === 0) return;
  const isEncoder = changes.every(isVersion);
  throw new CodecLmError(
    'DATASET_MISMATCH',
    `${out} holds a dataset with other settings: ${changes.join('; ')}`,
    {
      path: out,
      hint: isEncoder
        ? 'use the same encoder as before, or `allowEncoderChange` if its bytes may differ'
        : 'use the same options as before, or another `out`',
    },
  );
}

/** What a codec has learned, or was given, may be thousands of characters. */
function shown(key: string, config: ReadonlyMap<string, string>): string {
  const value = config.get(key) ?? 'none';
  return key.startsWith('codec.') ? formatLong(value) : value;
}

function isVersion(key: string): boolean {
  return key.startsWith('codec.versions.');
}

/** Flattens `{a: {b: 1}}` to `a.b` = `1`. */
function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, String(value)]]);
  const entries = Object.entries(value).flatMap(([key, inner]) => [
    ...flatten(inner, prefix ? `${prefix}.${key}` : key),
  ]);
  return new Map(entries);
}
