/** dataset.json: lists the content of a dataset directory, and shows that it is complete. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { joinPlace, storageAt, writePlace } from '../../base/storage/index.ts';
import {
  FORMAT_VERSION,
  type Manifest,
  manifestFileSchema,
  manifestSchema,
} from '../../schemas/dataset.ts';
import { hintForDataset, placeAt } from './place.ts';

type ManifestFile = z.infer<typeof manifestFileSchema>;

export const MANIFEST_FILE = 'dataset.json';

/** Limit of its size in bytes: a shard takes about 300 bytes, so a million shards fit. */
const MAX_MANIFEST = 512 * 2 ** 20;

/**
 * @param dir a dataset directory
 * @throws CodecLmError `INPUT_NOT_FOUND` no such folder; `DATASET_INCOMPLETE` no manifest yet;
 *   `DATASET_INVALID` a manifest that is damaged or of a newer version
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const path = joinPlace(dir, MANIFEST_FILE);
  const text = await readText(dir, path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodecLmError('DATASET_INVALID', `${path} is not JSON`, {
      cause: error,
      path,
      hint: 'restore it from a copy, or make the dataset again',
    });
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new CodecLmError(
      'DATASET_INVALID',
      `${path}: format version ${version}, this program knows up to ${FORMAT_VERSION}`,
      { path, hint: 'update codec-lm' },
    );
  }
  const result = manifestFileSchema.safeParse(value);
  if (result.success) return checkDigest(path, result.data);
  const [issue] = result.error.issues;
  throw new CodecLmError('DATASET_INVALID', `${path}: ${issue.path.join('.')}: ${issue.message}`, {
    path,
    hint: 'it was changed by hand or damaged; restore it from a copy, or make the dataset again',
  });
}

/** Checks the digest, which protects numbers and names that no shard contains. */
function checkDigest(path: string, { digest, ...manifest }: ManifestFile): Manifest {
  if (digest === undefined || digest === digestOf(manifest)) return manifest;
  throw new CodecLmError('DATASET_INVALID', `${path}: its content does not match its digest`, {
    path,
    hint: 'it was changed by hand or damaged; restore it from a copy, or make the dataset again',
  });
}

/** The digest does not depend on the order of keys: they are put into the order of the schema. */
function digestOf(manifest: Manifest): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}

async function readText(dir: string, path: string): Promise<string> {
  const storage = storageAt(dir);
  try {
    const options = { limit: MAX_MANIFEST, code: 'DATASET_INVALID' } as const;
    return (await storage.read(path, options)).toString('utf8');
  } catch (error) {
    // Only now: from afar each request takes its time.
    const found = await storage.find(dir);
    if (found && !found.isFolder) {
      const place = await placeAt(dir);
      throw new CodecLmError('INPUT_NOT_FOUND', `${dir} is ${place.what}, not a folder`, {
        path: dir,
        hint: hintForDataset(dir, place),
      });
    }
    const isMissing = error instanceof CodecLmError && error.code === 'INPUT_NOT_FOUND';
    throw found && isMissing ? await notADataset(dir, error) : error;
  }
}

async function notADataset(dir: string, cause: unknown): Promise<CodecLmError> {
  const place = await placeAt(dir);
  const hint = hintForDataset(dir, place) ?? 'name a folder that `pipeline run` has made';
  const details = { cause, path: dir, hint };
  if (place.kind === 'unknown' || place.kind === 'unfinished') {
    const why = place.kind === 'unknown' ? '' : 'is not finished: it ';
    return new CodecLmError(
      'DATASET_INCOMPLETE',
      `${dir} ${why}holds no ${MANIFEST_FILE}`,
      details,
    );
  }
  const message = `${dir} is ${place.what}, not a dataset: it holds no ${MANIFEST_FILE}`;
  return new CodecLmError('INPUT_NOT_FOUND', message, details);
}

/**
 * Validates the manifest and writes it completely; the dataset is complete from then on.
 * @throws CodecLmError `DATASET_INVALID` when it is not a valid manifest, `DISK_FULL` …
 */
export async function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const path = joinPlace(dir, MANIFEST_FILE);
  const result = manifestSchema.safeParse(manifest);
  if (!result.success) {
    const [issue] = result.error.issues;
    const message = `writing ${path}: ${issue.path.join('.')}: ${issue.message}`;
    throw new CodecLmError('DATASET_INVALID', message, { path });
  }
  const content = { ...result.data, digest: digestOf(result.data) };
  const text = `${JSON.stringify(content, null, 1)}\n`;
  await writePlace(path, (file) => file.write(Buffer.from(text)));
}

/** sha256 of tokenizer.json, as manifests and shards record it. */
export function tokenizerHash(tokenizerJson: Uint8Array): string {
  return createHash('sha256').update(tokenizerJson).digest('hex');
}
