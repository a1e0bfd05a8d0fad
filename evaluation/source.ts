/** One side of a comparison: a folder of pictures, whose features are computed, or a file that has them. */
import { CodecLmError } from '../base/error.ts';
import { isFolder } from '../base/files.ts';
import type { Backend } from '../compute/choose.ts';
import { type Gaussian, gaussianOf } from './distances/frechet.ts';
import type { DoubleMath } from './distances/matrix.ts';
import { matrix } from './distances/matrix.ts';
import { extractFeatures, type FeatureExtraction } from './features.ts';
import type { Network } from './networks/network.ts';
import { openNetwork } from './networks/open.ts';
import { type Rows, readStatistics, type Statistics } from './npz/statistics.ts';

export interface PictureSet {
  readonly gaussian: Gaussian;
  readonly features?: Rows;
  readonly logits?: Rows;
  readonly network?: string;
  readonly resize?: string;
  readonly skipped: readonly CodecLmError[];
}

/** Opens the network once it is needed: two files that hold their features need none. */
export class Networks {
  readonly #backend: Backend;
  readonly #path: string | undefined;
  #network: Promise<Network> | undefined;

  constructor(backend: Backend, path: string | undefined) {
    this.#backend = backend;
    this.#path = path;
  }

  /** @throws CodecLmError `USAGE` without a file of weights; `CHECKPOINT_INVALID` */
  open(forWhat: string): Promise<Network> {
    if (this.#path === undefined) {
      throw new CodecLmError(
        'USAGE',
        `${forWhat} holds pictures: name a network with \`features\``,
        {
          hint: 'docs/evaluation.md says which weights there are and where people get them',
        },
      );
    }
    this.#network ??= openNetwork(this.#path, this.#backend);
    return this.#network;
  }

  async close(): Promise<void> {
    (await this.#network?.catch(() => undefined))?.dispose();
    this.#network = undefined;
  }
}

export async function isStatistics(path: string): Promise<boolean> {
  return path.endsWith('.npz') && !(await isFolder(path));
}

/** @throws CodecLmError of `readStatistics` */
export async function sideOfFile(path: string, math: DoubleMath): Promise<PictureSet> {
  const { dims, mu, sigma, features, logits, network, resize } = await readStatistics(path);
  const isSmall = features !== undefined && features.count >= 2 && features.count < dims;
  const gaussian = isSmall ? gaussianOf(math, features) : { mu, sigma: matrix(dims, dims, sigma) };
  return { gaussian, features, logits, network, resize, skipped: [] };
}

/** @throws CodecLmError of `extractFeatures`; `PICTURES_TOO_FEW` */
export async function sideOfFolder(
  folder: string,
  { backend, math, network }: { backend: Backend; math: DoubleMath; network: Network },
  options: FeatureExtraction,
): Promise<PictureSet> {
  const { features, logits, skipped } = await extractFeatures(backend, network, folder, options);
  if (features.count < 2) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      `${folder}: one picture; a covariance needs two or more`,
      {
        path: folder,
      },
    );
  }
  const gaussian = gaussianOf(math, features);
  return { gaussian, features, logits, network: network.name, resize: options.resize, skipped };
}

export function statisticsOf({
  gaussian,
  features,
  logits,
  network,
  resize,
}: PictureSet): Statistics {
  const { mu, sigma } = gaussian;
  return { dims: mu.length, mu, sigma: sigma.data, features, logits, network, resize };
}
