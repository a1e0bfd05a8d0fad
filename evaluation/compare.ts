/** Compares two sets of pictures by the features that a network finds in them. */
import type { z } from 'zod';
import { CodecLmError } from '../base/error.ts';
import { resolveOptions } from '../base/options.ts';
import { type BackendChoice, chooseBackend } from '../compute/choose.ts';
import { giveBackMemory } from '../compute/memory.ts';
import { compareSchema } from '../schemas/evaluation.ts';
import { doubleMath } from './distances/double-math.ts';
import type { Kid } from './distances/kid.ts';
import type { EvaluationEvent } from './events.ts';
import { bootstrap, type DistanceFigures, type Errors, figuresOf } from './figures.ts';
import { writeStatistics } from './npz/statistics.ts';
import type { Resize } from './pictures/resize.ts';
import {
  dimsOf,
  isStatistics,
  Networks,
  type PictureSource,
  sideOfFile,
  sideOfFolder,
  statisticsOf,
  withGaussian,
} from './source.ts';

interface CommonOptions {
  backend?: BackendChoice;
  /** Pictures done, and warnings. */
  onEvent?: (event: EvaluationEvent) => void;
  /** Ends before the next pictures, with `INTERRUPTED`. */
  signal?: AbortSignal;
}

export interface CompareOptions extends CommonOptions, z.input<typeof compareSchema> {
  /** File of a network's weights; not needed where both sets are `.npz` files. */
  features?: string;
}

export interface Comparison extends Omit<DistanceFigures, 'kid'> {
  readonly kid?: Kid;
  /** Paths as they were given. */
  readonly reference: string;
  readonly generated: string;
  /** Name of the network, as `FID-Inception`; `unknown` where no file says it. */
  readonly features: string;
  readonly resize: string;
  /** Pictures of each set; undefined for a file of mu and sigma alone. */
  readonly counts: { readonly reference?: number; readonly generated?: number };
  /** Only with `bootstrap`. */
  readonly errors?: Errors;
  readonly skipped: readonly CodecLmError[];
}

export interface FeaturesOptions extends CommonOptions {
  /** File of a network's weights. */
  features: string;
  /** The `.npz` file to write. */
  to: string;
  resize?: Resize;
  skipBroken?: boolean;
}

export interface WrittenFeatures {
  readonly count: number;
  readonly dims: number;
  readonly network: string;
  readonly skipped: readonly CodecLmError[];
}

const DEFAULT_RESIZE = 'clean';

/**
 * Features of a folder's pictures, with their mean and covariance, as a file that pytorch-fid reads too.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`, `PICTURES_TOO_FEW`; an `IMAGE_*` code that names
 *   the file; `CHECKPOINT_INVALID` that names the tensor; `NOT_FINITE`; `DISK_FULL`
 */
export async function writeFeatures(
  folder: string,
  options: FeaturesOptions,
): Promise<WrittenFeatures> {
  const { features, to, resize = DEFAULT_RESIZE, skipBroken, onEvent, signal } = options;
  const backend = await chooseBackend({ backend: options.backend, onEvent });
  const networks = new Networks(backend, features);
  try {
    const network = await networks.open(folder);
    const side = await sideOfFolder(
      folder,
      { backend, network },
      { resize, skipBroken, onEvent, signal },
    );
    warnOfFew([[folder, side]], onEvent);
    await networks.close();
    await writeStatistics(to, statisticsOf(withGaussian(doubleMath(backend), side)));
    const { count, dims } = side.features!;
    return { count, dims, network: network.name, skipped: side.skipped };
  } finally {
    await networks.close();
  }
}

/**
 * Fréchet distance, KID, precision and recall, Inception score.
 * @param reference folder of pictures, or `.npz` file of ours or of pytorch-fid
 * @param generated the same
 * @throws CodecLmError as {@link writeFeatures}; `STATISTICS_INVALID`; `STATISTICS_MISMATCH` where the two
 *   were made with different networks or resizes; `USAGE` for pictures without a network
 */
export async function compare(
  reference: string,
  generated: string,
  { backend: choice, features, onEvent, signal, ...given }: CompareOptions = {},
): Promise<Comparison> {
  const options = resolveOptions(compareSchema, given, 'compare');
  const backend = await chooseBackend({ backend: choice, onEvent });
  const math = doubleMath(backend);
  const networks = new Networks(backend, features);
  try {
    const paths = [reference, generated];
    const sides: (PictureSource | undefined)[] = [];
    // Files first: they are quick to be refused, and may say how the others are to be resized.
    for (const path of paths)
      sides.push((await isStatistics(path)) ? await sideOfFile(path) : undefined);
    const resize = (options.resize ?? knownResize(sides) ?? DEFAULT_RESIZE) as Resize;
    for (const [i, path] of paths.entries()) {
      if (sides[i]) continue;
      const network = await networks.open(path);
      const { skipBroken } = options;
      const side = await sideOfFolder(
        path,
        { backend, network },
        { resize, skipBroken, signal, onEvent },
      );
      // Only generated pictures have an Inception score.
      sides[i] = i === 0 ? { ...side, logits: undefined } : side;
    }
    // Distances need memory of their own.
    await networks.close();
    giveBackMemory();
    const [first, second] = sides as [PictureSource, PictureSource];
    check([reference, first], [generated, second]);
    warnOfFew(
      [
        [reference, first],
        [generated, second],
      ],
      onEvent,
    );
    const { seed, kidSubsets: subsets, kidSubsetSize: subsetSize } = options;
    const figures = figuresOf(math, first, second, { seed, subsets, subsetSize });
    const isDrawn = options.bootstrap >= 2 && first.features && second.features;
    return {
      ...figures,
      ...{ reference, generated },
      features: first.network ?? second.network ?? 'unknown',
      resize: first.resize ?? second.resize ?? 'unknown',
      counts: { reference: first.features?.count, generated: second.features?.count },
      errors: isDrawn
        ? bootstrap(math, first.features!, second.features!, {
            draws: options.bootstrap,
            seed,
            signal,
          })
        : undefined,
      skipped: [...first.skipped, ...second.skipped],
    };
  } finally {
    await networks.close();
  }
}

function knownResize(sides: readonly (PictureSource | undefined)[]): string | undefined {
  return sides.find((side) => side?.resize !== undefined)?.resize;
}

/** @throws CodecLmError `STATISTICS_MISMATCH` */
function check([pathA, a]: [string, PictureSource], [pathB, b]: [string, PictureSource]): void {
  const pairs = [
    ['features of', a.network, b.network],
    ['the resize', a.resize, b.resize],
    ['features', dimsOf(a), dimsOf(b)],
  ] as const;
  for (const [what, first, second] of pairs) {
    if (first === undefined || second === undefined || first === second) continue;
    throw new CodecLmError(
      'STATISTICS_MISMATCH',
      `${pathA} has ${what} ${first}, ${pathB} has ${what} ${second}`,
      { path: pathB, hint: 'make both with the same `features` and the same `resize`' },
    );
  }
}

function warnOfFew(
  sides: readonly (readonly [string, PictureSource])[],
  onEvent: CommonOptions['onEvent'],
): void {
  for (const [path, { features }] of sides) {
    if (!features || features.count >= features.dims) continue;
    onEvent?.({
      type: 'warning',
      message: `${path}: ${features.count} pictures are fewer than the ${features.dims} features; the Fréchet distance is far too large with so few (the field compares 5,000 to 50,000), KID is not biased`,
    });
  }
}
