/**
 * Comparing sets of pictures: features of published networks, the distances that papers print, and the
 * paper's tables for a model.
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

import type { EvaluationSettingsInput } from '../schemas/protocol.ts';
import type { Model } from '../trainer/index.ts';
import type { FramesOptions } from './clips/frames.ts';
import type { CompareOptions, Comparison, FeaturesOptions, WrittenFeatures } from './compare.ts';
import type { Statistics } from './npz/statistics.ts';
import type { ProbeOptions, ProbeResults } from './probes/probe.ts';
import type { ClassComparison, ClassesOptions } from './protocol/classes/compare.ts';
import type { Cost } from './protocol/cost.ts';
import type { PromptsOptions, WrittenPrompts } from './protocol/prompts.ts';
import type { Evaluation, EvaluationOptions } from './protocol/run.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails } from '../base/error.ts';
export type {
  Cell,
  Counts,
  EvaluationSettingsInput,
  EvaluationTable,
  Row,
  Spread,
} from '../schemas/protocol.ts';
export type { FramesEvent, FramesOptions } from './clips/frames.ts';
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
export type { ClassComparison, ClassesOptions, ClassFigures } from './protocol/classes/compare.ts';
export type { Correlation } from './protocol/classes/correlation.ts';
export type { ConditionCost, Cost, MachineCost } from './protocol/cost.ts';
export type { ProtocolEvent } from './protocol/events.ts';
export type { PromptsOptions, WrittenPrompts } from './protocol/prompts.ts';
export type { Evaluation, EvaluationOptions } from './protocol/run.ts';

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

/**
 * The paper's protocol for a model of images, as a folder that the same call goes on with: prompts,
 * completions, features, distances, a table. The model is closed once its completions are drawn.
 * @returns in rank 0 the table and the paths of its files, in other ranks undefined
 * @throws CodecLmError `OUTPUT_IN_USE` for an evaluation with other settings; `COMPLETIONS_MISMATCH`; an input's
 *   code that names the picture; `USAGE` for a model of clips; `DISK_FULL`, `INTERRUPTED`: what is finished
 *   is kept
 */
export async function runEvaluation(
  model: Model,
  options: EvaluationOptions,
): Promise<Evaluation | undefined> {
  return (await import('./protocol/run.ts')).runEvaluation(model, options);
}

/** Tokens, operations and hours of such an evaluation, before anything is drawn. Throws as it does. */
export async function costOf(
  model: Model,
  options: EvaluationSettingsInput & { images: string },
): Promise<Cost> {
  return (await import('./protocol/cost.ts')).costOf(model, options);
}

/**
 * Prompts, masks and originals for models that run elsewhere; their completions are rows of an
 * evaluation with the same `num` and `seed`.
 * @throws CodecLmError `OUTPUT_IN_USE`; an `IMAGE_*` code that names the picture; `DISK_FULL`, `INTERRUPTED`
 */
export async function writePrompts(options: PromptsOptions): Promise<WrittenPrompts> {
  return (await import('./protocol/prompts.ts')).writePrompts(options);
}

/**
 * Two evaluations class by class, against the frequencies of the classes, for each ratio of both.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `STATISTICS_MISMATCH`, `PICTURES_TOO_FEW`; `CONFIG_INVALID` that names
 *   the line of the frequencies
 */
export async function compareClasses(
  first: string,
  second: string,
  options: ClassesOptions,
): Promise<ClassComparison[]> {
  return (await import('./protocol/classes/compare.ts')).compareClasses(first, second, options);
}

/**
 * Writes the frames of each video as `TO/NAME/000000.png` …, the form that tools of the Fréchet video
 * distance read.
 * @param paths videos, or folders of videos
 * @returns the number of clips
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`; `VIDEO_UNSUPPORTED` that names the file;
 *   `OUTPUT_IN_USE`; `TOOL_MISSING`, `INTERRUPTED`
 */
export async function writeFrames(
  paths: readonly string[],
  options: FramesOptions,
): Promise<number> {
  return (await import('./clips/frames.ts')).writeFrames(paths, options);
}
