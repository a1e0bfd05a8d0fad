/** Part of verify: the inputs that were added to the plan of a dataset, as they are frozen in plan/. */
import { CodecLmError } from '../../base/error.ts';
import { joinPlace as join, storageAt } from '../../base/storage/index.ts';
import { type Extension, extensionSchema } from '../../schemas/plan.ts';
import type { Dataset } from '../dataset/dataset.ts';

/**
 * The finished extensions, in their order; one that has begun is not part of the dataset yet.
 * @throws CodecLmError `DATASET_INVALID` when one is missing or damaged
 */
export async function readExtensions({ dir, manifest }: Dataset): Promise<Extension[]> {
  const wanted = Number(manifest.config.extensions ?? 0);
  if (wanted === 0) return [];
  const folder = join(dir, 'plan');
  const names = (await storageAt(folder).names(folder)).filter((name) =>
    /^extend-\d+\.json$/.test(name),
  );
  if (names.length < wanted) {
    const message = `${names.length} extensions in plan/; the manifest says ${wanted}`;
    throw new CodecLmError('DATASET_INVALID', message);
  }
  return Promise.all(
    names
      .sort()
      .slice(0, wanted)
      .map((name) => readOne(join(folder, name))),
  );
}

async function readOne(path: string): Promise<Extension> {
  const text = (await storageAt(path).read(path)).toString('utf8');
  try {
    return extensionSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${path} is damaged or was changed by hand`;
    throw new CodecLmError('DATASET_INVALID', message, { cause: error, path });
  }
}
