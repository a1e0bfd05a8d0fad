/**
 * The pictures that a model learns from, decoded once into one file, so that steps read them quickly
 * and memory does not grow with the corpus.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AtomicFile, replaceFile } from '../../../../base/atomic-file.ts';
import { CodecLmError } from '../../../../base/error.ts';
import { readError } from '../../../../base/file-error.ts';
import { hashWords } from '../../../../base/random.ts';
import { imageInputSchema } from '../../pictures/settings.ts';
import { pixelsOf } from '../../pictures/source/baseline.ts';
import type { TrainingEvent } from '../../training.ts';
import type { VqTrainOptions } from './options.ts';

const PIXELS_FILE = 'pictures.rgb';
const LIST_FILE = 'pictures.json';
/** Images that are decoded at once. */
const LANES = 8;
const MOST_HELD_OUT = 256;

const listSchema = z.strictObject({
  size: z.int(),
  /** How they were read. */
  input: z.looseObject({}),
  sources: z.array(z.string()),
  /** Those that could be read, by their place in `sources`. */
  used: z.array(z.int()),
  sha256: z.string(),
});

type PictureList = z.output<typeof listSchema>;

export class TrainingPictures {
  readonly size: number;
  readonly count: number;
  /** sha256 of all pixels. */
  readonly hash: string;
  readonly #file: FileHandle;

  constructor(list: PictureList, file: FileHandle) {
    this.size = list.size;
    this.count = list.used.length;
    this.hash = list.sha256;
    this.#file = file;
  }

  /** @returns RGB, 0..255: [places.length, size, size, 3] */
  async read(places: ArrayLike<number>): Promise<Uint8Array> {
    const bytes = 3 * this.size ** 2;
    const pixels = new Uint8Array(places.length * bytes);
    for (let i = 0; i < places.length; i++) {
      await this.#file.read(pixels, i * bytes, bytes, places[i] * bytes);
    }
    return pixels;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/**
 * @param sources image files
 * @param dir where the decoded pictures are kept
 * @throws CodecLmError `DATASET_MISMATCH` when the folder holds other pictures; `TOO_MANY_FAILURES`
 *   when fewer than two can be read
 */
export async function openPictures(
  sources: readonly string[],
  dir: string,
  options: VqTrainOptions,
  { signal, onEvent }: { signal?: AbortSignal; onEvent: (event: TrainingEvent) => void },
): Promise<TrainingPictures> {
  const chosen = spread(sources, options.samples);
  const known = await readList(join(dir, LIST_FILE));
  const input = imageInputSchema.parse(
    Object.fromEntries(
      Object.keys(imageInputSchema.shape).map((key) => [
        key,
        (options as Record<string, unknown>)[key],
      ]),
    ),
  );
  const list =
    known ?? (await decodeAll(chosen, dir, { size: options.size, input }, onEvent, signal));
  const isSame =
    list.size === options.size &&
    list.sources.join('\n') === chosen.join('\n') &&
    JSON.stringify(list.input) === JSON.stringify(input);
  if (!isSame) {
    throw new CodecLmError(
      'DATASET_MISMATCH',
      `${dir} was begun with other pictures or another size`,
      {
        path: dir,
        hint: 'name the same inputs and options again, or another folder',
      },
    );
  }
  if (list.used.length < 2) {
    const message = `${list.used.length} of ${chosen.length} pictures could be read: two are the least to learn from`;
    throw new CodecLmError('TOO_MANY_FAILURES', message);
  }
  return new TrainingPictures(list, await open(join(dir, PIXELS_FILE)));
}

/**
 * Places of the pictures to learn from, and of those that are held out; at least one each.
 * @returns ascending
 */
export function splitPictures(
  count: number,
  { valFraction, seed }: Pick<VqTrainOptions, 'valFraction' | 'seed'>,
): { train: number[]; val: number[] } {
  const order = Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => hashWords(seed, 3, a) - hashWords(seed, 3, b) || a - b,
  );
  const held = Math.min(MOST_HELD_OUT, count - 1, Math.max(1, Math.round(valFraction * count)));
  const ascending = (places: number[]) => places.sort((a, b) => a - b);
  return { val: ascending(order.slice(0, held)), train: ascending(order.slice(held)) };
}

function spread(sources: readonly string[], most: number): string[] {
  const share = Math.max(1, sources.length / most);
  return sources.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
}

async function readList(path: string): Promise<PictureList | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const cause = readError(error, path);
    if (cause.code === 'INPUT_NOT_FOUND') return undefined;
    throw cause;
  }
  try {
    return listSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} is no list of pictures`, { cause, path });
  }
}

async function decodeAll(
  sources: readonly string[],
  dir: string,
  { size, input }: { size: number; input: z.output<typeof imageInputSchema> },
  onEvent: (event: TrainingEvent) => void,
  signal?: AbortSignal,
): Promise<PictureList> {
  const file = await AtomicFile.create(join(dir, PIXELS_FILE));
  const used: number[] = [];
  try {
    for (let at = 0; at < sources.length; at += LANES) {
      if (signal?.aborted)
        throw new CodecLmError('INTERRUPTED', 'stopped while pictures were read');
      const read = await Promise.all(
        sources.slice(at, at + LANES).map(async (path) => {
          try {
            const source = await readFile(path).catch((error) => {
              throw readError(error, path);
            });
            return await pixelsOf(source, path, { ...input, width: size, height: size });
          } catch (error) {
            if (!(error instanceof CodecLmError) || error.scope !== 'input') throw error;
            onEvent({ type: 'skipped', path, error });
            return undefined;
          }
        }),
      );
      for (const [i, pixels] of read.entries()) {
        if (!pixels) continue;
        used.push(at + i);
        await file.write(pixels);
      }
      onEvent({
        type: 'reading',
        done: Math.min(sources.length, at + LANES),
        total: sources.length,
      });
    }
  } catch (error) {
    await file.abort();
    throw error;
  }
  const { sha256 } = await file.commit();
  const list = { size, input, sources: [...sources], used, sha256 };
  await replaceFile(join(dir, LIST_FILE), `${JSON.stringify(list)}\n`);
  return list;
}
