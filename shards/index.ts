/**
 * Packed token shards: functions to read a dataset, load it in batches, inspect, verify and write
 * it.
 *
 * @example
 * import { openDataset } from 'codec-lm/shards';
 * const dataset = await openDataset('DS');
 * for await (const { ids } of dataset.loader({ microBatch: 4, epochs: 1 })) train(ids);
 * await dataset.close();
 *
 * @module
 */
import type { Dataset } from './dataset/dataset.ts';
import type { ExtractOptions } from './dataset/extract.ts';
import type { FetchOptions } from './dataset/fetch.ts';
import type { DocumentViewer } from './dataset/viewer.ts';
import type { ShardSummaryView } from './inspect/inspect.ts';
import type { RowView } from './inspect/row.ts';
import type { InspectedDataset } from './inspect/run.ts';
import type { VerifyOptions } from './verify/findings.ts';
import type { VerifyReport } from './verify/verify.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails, type ErrorScope } from '../base/error.ts';
export type { DocumentRow, Manifest, ShardEntry, Split } from '../schemas/dataset.ts';
export { type Dataset, type DatasetOptions, openDataset } from './dataset/dataset.ts';
export { documentHashes } from './dataset/document-rows.ts';
export { writeDocumentShard } from './dataset/documents.ts';
export type { ExtractOptions } from './dataset/extract.ts';
export type { FetchOptions } from './dataset/fetch.ts';
export { MANIFEST_FILE, readManifest, writeManifest } from './dataset/manifest.ts';
export {
  type Mixture,
  type MixtureBatch,
  type MixtureLoader,
  type MixtureOptions,
  type MixtureSource,
  type MixtureState,
  openMixture,
} from './dataset/mixture.ts';
export { type Place, placeAt } from './dataset/place.ts';
export type { DocumentTokens, Segment } from './dataset/segments.ts';
export type { DocumentViewer } from './dataset/viewer.ts';
export type { ExtractEvent, VerifyEvent } from './events.ts';
export type {
  DatasetSummary,
  Histogram,
  ShardSummaryView,
  SplitSummary,
} from './inspect/inspect.ts';
export type { RowView } from './inspect/row.ts';
export type { InspectedDataset, MergeView } from './inspect/run.ts';
export type { WaitStats } from './loader/ahead.ts';
export type { Batch, Loader, LoaderOptions, LoaderState } from './loader/loader.ts';
export type { CommonOptions } from './loader/options.ts';
export type { BatchTokens } from './loader/sequences.ts';
export type { SequenceRow } from './parquet/rows.ts';
export { writeSequenceShard } from './parquet/writer.ts';
export type { Problem, VerifyOptions } from './verify/findings.ts';
export type { VerifyReport } from './verify/verify.ts';

/**
 * Summarizes a dataset directory, or one file of its shards/.
 * @returns a summary; its `kind` says which of the two it describes
 * @throws CodecLmError `INPUT_NOT_FOUND`, `DATASET_INCOMPLETE`, `DATASET_INVALID`, `SHARD_INVALID`
 */
export async function inspect(path: string): Promise<InspectedDataset | ShardSummaryView> {
  return (await import('./inspect/run.ts')).inspect(path);
}

/**
 * Shows one packed sequence: its documents, and each token with the bytes that it stands for.
 * @param path a dataset directory, or a file of its shards/
 * @param row index from 0; in a dataset it counts through the shards in the order of the manifest
 * @throws CodecLmError `USAGE` when there is no such row; the errors of {@link inspect}
 */
export async function inspectRow(path: string, row: number): Promise<RowView> {
  return (await import('./inspect/run.ts')).inspectRow(path, row);
}

/**
 * Writes one self-contained HTML page with pictures of a dataset.
 * @throws CodecLmError `USAGE` for a single shard; the errors of {@link inspect}
 */
export async function writeInspectPage(dir: string, html: string): Promise<void> {
  return (await import('./inspect/run.ts')).writeInspectPage(dir, html);
}

/**
 * Checks every hash, count, id and document of a dataset. It lists every problem with its place: a
 * damaged file does not hide others.
 * @throws CodecLmError only when there is no manifest to compare with
 */
export async function verify(dir: string, options?: VerifyOptions): Promise<VerifyReport> {
  return (await import('./verify/verify.ts')).verifyDataset(dir, options);
}

/**
 * Writes documents back as files that a viewer opens, or as their canonical bytes.
 * @returns the number of files written
 * @throws CodecLmError `INPUT_NOT_FOUND` no such document; `OUTPUT_IN_USE` a file is there already;
 *   `DATASET_INVALID`, `SHARD_INVALID`, or a codec's code for a damaged dataset
 */
export async function extract(dataset: Dataset, options: ExtractOptions): Promise<number> {
  return (await import('./dataset/extract.ts')).extractDocuments(dataset, options);
}

/**
 * Opens a viewer of documents: it gives their bytes, a viewable file, a picture, and their parts.
 * @throws CodecLmError `DATASET_INVALID` when the tokenizer is not the dataset's, or the codec's
 * settings are invalid
 */
export async function openViewer(dataset: Dataset): Promise<DocumentViewer> {
  return (await import('./dataset/viewer.ts')).openViewer(dataset);
}

/**
 * Copies a dataset, mostly from object storage, and checks each file as it arrives.
 * @returns the number of files that were copied, without those that were there
 * @throws CodecLmError `DATASET_INVALID` for a file that is not the one of the manifest
 */
export async function fetchDataset(dir: string, options: FetchOptions): Promise<number> {
  return (await import('./dataset/fetch.ts')).fetchDataset(dir, options);
}
