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

/** Facts about the pictures of one side, known before distances are computed. */
export interface PictureSource {
  /** The file's own; else it is made of the features. */
  readonly gaussian?: Gaussian;
  readonly features?: Rows;
  readonly logits?: Rows;
  readonly network?: string;
  readonly resize?: string;
  readonly skipped: readonly CodecLmError[];
}

export interface PictureSet extends PictureSource {
  readonly gaussian: Gaussian;
}

/** The covariance takes memory that the network of features wants, so it is made when that is closed. */
export function withGaussian(math: DoubleMath, source: PictureSource): PictureSet {
  return { ...source, gaussian: source.gaussian ?? gaussianOf(math, source.features!) };
}

/** Numbers that the network, or the file, gives for a picture. */
export function dimsOf({ gaussian, features }: PictureSource): number {
  return features?.dims ?? gaussian!.mu.length;
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
export async function sideOfFile(path: string): Promise<PictureSource> {
  const { dims, mu, sigma, features, logits, network, resize } = await readStatistics(path);
  const isSmall = features !== undefined && features.count >= 2 && features.count < dims;
  // The features of few pictures say it more exactly than their covariance.
  const gaussian = isSmall ? undefined : { mu, sigma: matrix(dims, dims, sigma) };
  return { gaussian, features, logits, network, resize, skipped: [] };
}

/** @throws CodecLmError of `extractFeatures`; `PICTURES_TOO_FEW` */
export async function sideOfFolder(
  folder: string,
  { backend, network }: { backend: Backend; network: Network },
  options: FeatureExtraction,
): Promise<PictureSource> {
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
  return { features, logits, network: network.name, resize: options.resize, skipped };
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
