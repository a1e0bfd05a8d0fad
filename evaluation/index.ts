/**
 * Comparing sets of pictures: features of published networks, and the distances that papers print.
 *
 * @example
 * import { compare } from 'codec-lm/evaluation';
 * const { fid, kid } = await compare('photographs', 'samples', {
 *   features: 'pt_inception-2015-12-05-6726825d.pth',
 *   resize: 'clean',
 * });
 *
 * @module
 */

import type { Model } from '../trainer/index.ts';
import type { CompareOptions, Comparison, FeaturesOptions, WrittenFeatures } from './compare.ts';
import type { Statistics } from './npz/statistics.ts';
import type { ProbeOptions, ProbeResults } from './probes/probe.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails } from '../base/error.ts';
export type { CompareOptions, Comparison, FeaturesOptions, WrittenFeatures } from './compare.ts';
export type { InceptionScore } from './distances/inception-score.ts';
export type { Kid } from './distances/kid.ts';
export type { EvaluationEvent } from './events.ts';
export type { Errors } from './figures.ts';
export type { Rows, Statistics } from './npz/statistics.ts';
export type { Resize } from './pictures/resize.ts';
export type { ClassesResult } from './probes/classes.ts';
export type { ClipsResult, FrameQuality } from './probes/clips.ts';
export type { DamageResult } from './probes/damage.ts';
export type { ProbeOptions, ProbeResults } from './probes/probe.ts';
export type { ProbeEvent } from './probes/scoring.ts';
export type { KindBits, PlaceBits, SyntaxResult } from './probes/syntax.ts';
export type { ValidityResult } from './probes/validity.ts';

/**
 * Fréchet distance, KID, precision and recall, Inception score of two sets of pictures.
 * @param reference folder of pictures, or `.npz` file of ours or of pytorch-fid
 * @param generated the same
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`, `PICTURES_TOO_FEW`; an `IMAGE_*` code that names
 *   the file; `CHECKPOINT_INVALID` that names the tensor; `STATISTICS_INVALID`; `STATISTICS_MISMATCH`
 *   where the two were made with different networks or resizes; `NOT_FINITE`
 */
export async function compare(
  reference: string,
  generated: string,
  options?: CompareOptions,
): Promise<Comparison> {
  return (await import('./compare.ts')).compare(reference, generated, options);
}

/**
 * Features of a folder's pictures, with their mean and covariance, as an `.npz` file that pytorch-fid
 * reads too.
 * @throws CodecLmError as {@link compare}; `DISK_FULL`, `OUTPUT_UNWRITABLE`: the file appears whole or
 *   not at all
 */
export async function writeFeatures(
  folder: string,
  options: FeaturesOptions,
): Promise<WrittenFeatures> {
  return (await import('./compare.ts')).writeFeatures(folder, options);
}

/**
 * Reads statistics of ours or of pytorch-fid.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `STATISTICS_INVALID`, `NOT_FINITE`
 */
export async function readStatistics(path: string): Promise<Statistics> {
  return (await import('./npz/statistics.ts')).readStatistics(path);
}

/**
 * Asks a model what it knows of files, without a network of features: bits by kind of syntax, damage
 * found and mended, classes told apart, valid documents without the grammar, clips continued.
 * @param paths files of the kind that the model was trained on, or folders of them
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`, or an input's code that names the file;
 *   `CHECKPOINT_INVALID`, `NOT_FINITE`; `USAGE` for a probe that these files do not allow; `INTERRUPTED`
 */
export async function probeModel(
  model: Model,
  paths: readonly string[],
  options?: ProbeOptions,
): Promise<ProbeResults> {
  return (await import('./probes/probe.ts')).probeModel(model, paths, options);
}
