/**
 * Statistics of the features of a set of pictures, as an `.npz` file: `mu` and `sigma` as
 * pytorch-fid writes and reads them, beside them the features, so that nothing is computed twice.
 */
import { CodecLmError } from '../../base/error.ts';
import { firstNotFinite } from '../../base/safetensors/floats.ts';
import { encodeNpy, encodeNpyText, type NumericArray, parseNpy, parseNpyText } from './npy.ts';
import { writeZip, ZipFile } from './zip.ts';

/** Rows of numbers, one a picture. */
export interface Rows {
  readonly count: number;
  readonly dims: number;
  /** [count, dims] */
  readonly data: Float32Array | Float64Array;
}

export interface Statistics {
  readonly dims: number;
  /** [dims] */
  readonly mu: Float64Array;
  /** [dims, dims], with N - 1 for a divisor. */
  readonly sigma: Float64Array;
  readonly features?: Rows;
  /** Without bias, as torch-fidelity takes them for the Inception score. */
  readonly logits?: Rows;
  /** Name of the network, as `FID-Inception`; files of other tools do not say it. */
  readonly network?: string;
  readonly resize?: string;
}

/** The largest network of the field has 2,048 features; 16,384 squared are 2 GiB of float64. */
const MAX_DIMS = 16_384;

/** @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE` …; the file appears whole or not at all */
export async function writeStatistics(path: string, statistics: Statistics): Promise<void> {
  const { dims, mu, sigma, features, logits, network, resize } = statistics;
  const arrays: [string, NumericArray | undefined][] = [
    ['mu', { shape: [dims], data: mu }],
    ['sigma', { shape: [dims, dims], data: sigma }],
    ['features', arrayOf(features)],
    ['logits', arrayOf(logits)],
  ];
  const texts = [
    ['network', network],
    ['resize', resize],
  ] as const;
  await writeZip(path, [
    ...arrays.flatMap(([name, array]) =>
      array ? [{ name: `${name}.npy`, parts: encodeNpy(array) }] : [],
    ),
    ...texts.flatMap(([name, text]) =>
      text === undefined ? [] : [{ name: `${name}.npy`, parts: encodeNpyText(text) }],
    ),
  ]);
}

/**
 * @throws CodecLmError `INPUT_NOT_FOUND`; `STATISTICS_INVALID` that names the array and what is wrong;
 *   `NOT_FINITE` for numbers that are none
 */
export async function readStatistics(path: string): Promise<Statistics> {
  const zip = await ZipFile.open(path);
  try {
    const bytesOf = async (name: string) => {
      const member = zip.members.get(`${name}.npy`);
      return member ? zip.read(member) : undefined;
    };
    const arrayNamed = async (name: string) => {
      const bytes = await bytesOf(name);
      return bytes
        ? finite(parseNpy(bytes, `${path}: ${name}`), `${path}: ${name}`, path)
        : undefined;
    };
    const textNamed = async (name: string) => {
      const bytes = await bytesOf(name);
      return bytes ? parseNpyText(bytes, `${path}: ${name}`) : undefined;
    };
    const [mu, sigma] = [await arrayNamed('mu'), await arrayNamed('sigma')];
    if (!mu || !sigma) {
      const found = [...zip.members.keys()].join(', ') || 'nothing';
      throw invalid(path, `it has no ${mu ? 'sigma' : 'mu'}; in it is ${found}`);
    }
    const dims = mu.shape[0];
    if (mu.shape.length !== 1 || !(dims >= 1 && dims <= MAX_DIMS)) {
      throw invalid(path, `mu is [${mu.shape}], not one row`);
    }
    if (sigma.shape.length !== 2 || sigma.shape.some((side) => side !== dims)) {
      throw invalid(path, `sigma is [${sigma.shape}], which does not go with ${dims} features`);
    }
    const features = rowsOf(await arrayNamed('features'), 'features', path);
    if (features && features.dims !== dims) {
      throw invalid(path, `features are [${features.count}, ${features.dims}], mu is [${dims}]`);
    }
    return {
      dims,
      mu: Float64Array.from(mu.data),
      sigma: Float64Array.from(sigma.data),
      features,
      logits: rowsOf(await arrayNamed('logits'), 'logits', path),
      network: await textNamed('network'),
      resize: await textNamed('resize'),
    };
  } finally {
    await zip.close();
  }
}

function arrayOf(rows: Rows | undefined): NumericArray | undefined {
  return rows && { shape: [rows.count, rows.dims], data: rows.data };
}

function rowsOf(array: NumericArray | undefined, name: string, path: string): Rows | undefined {
  if (!array) return undefined;
  const [count, dims] = array.shape;
  if (array.shape.length !== 2) throw invalid(path, `${name} are [${array.shape}], not rows`);
  return { count, dims, data: array.data };
}

function finite(array: NumericArray, label: string, path: string): NumericArray {
  const { data } = array;
  const at =
    data instanceof Float32Array
      ? firstNotFinite(data)
      : data.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return array;
  throw new CodecLmError('NOT_FINITE', `${label}: element ${at} is ${data[at]}`, {
    path,
    hint: 'make the file again; a network whose weights are damaged gives such numbers',
  });
}

function invalid(path: string, message: string): CodecLmError {
  return new CodecLmError('STATISTICS_INVALID', `${path}: ${message}`, {
    path,
    hint: 'statistics are made by `trainer evaluate features`, or by pytorch-fid --save-stats',
  });
}
