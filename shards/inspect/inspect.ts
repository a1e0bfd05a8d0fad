/** Summarizes a dataset or a shard as data; the command line makes tables of it. */

import { basename } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { joinPlace as join, storageAt } from '../../base/storage/index.ts';
import type { Manifest, ShardMetadata, Split } from '../../schemas/dataset.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { readDocuments } from '../dataset/documents.ts';
import { openShard } from '../parquet/reader.ts';

/** Most files of documents/ that are read for the histogram, evenly spaced over the dataset. */
const MAX_SAMPLED_FILES = 64;
const HISTOGRAM_BINS = 12;

export interface Histogram {
  /** Each bin counts lengths in [from, to). */
  bins: { from: number; to: number; count: number }[];
  min: number;
  median: number;
  p95: number;
  max: number;
  mean: number;
  /** Number of documents that were counted. */
  documents: number;
}

export interface SplitSummary {
  split: Split;
  shards: number;
  rows: number;
  tokens: number;
  padding: number;
  documents: number;
  bytes: number;
}

export interface DatasetSummary {
  kind: 'dataset';
  path: string;
  manifest: Manifest;
  splits: SplitSummary[];
  /** Size of the shards divided by their tokens, including padding. */
  diskBytesPerToken: number;
  /** Number of symbols; 256 for bytes. */
  alphabet: number;
  /** Canonical bytes (or symbols) per token: the compression of BPE. */
  documentBytesPerToken: number;
  documentTokens: Histogram | null;
}

export interface ShardSummaryView {
  kind: 'shard';
  path: string;
  bytes: number;
  diskBytesPerToken: number;
  metadata: ShardMetadata;
}

export async function isDatasetFolder(path: string): Promise<boolean> {
  const found = await storageAt(path).find(path);
  if (found) return found.isFolder;
  const message = `reading ${path}: no such file or folder`;
  throw new CodecLmError('INPUT_NOT_FOUND', message, { path });
}

/** Reads the manifest and up to 64 of the files of documents/ that exist here; reads no shard. */
export async function summarizeDataset(
  dataset: Dataset,
  { alphabet }: Tokenizer,
): Promise<DatasetSummary> {
  const { dir, manifest } = dataset;
  const { totals } = manifest;
  const stored = totals.tokens + totals.padding;
  return {
    kind: 'dataset',
    path: dir,
    manifest,
    splits: splitsOf(manifest),
    diskBytesPerToken: stored === 0 ? 0 : totals.shardBytes / stored,
    alphabet,
    documentBytesPerToken: totals.tokens === 0 ? 0 : totals.documentBytes / totals.tokens,
    documentTokens: histogramOf(await documentLengths(dataset)),
  };
}

export async function summarizeShard(path: string): Promise<ShardSummaryView> {
  const shard = await openShard(path);
  await shard.close();
  const { counts } = shard.metadata;
  const stored = counts.tokens + counts.padding;
  return {
    kind: 'shard',
    path,
    bytes: shard.bytes,
    diskBytesPerToken: stored === 0 ? 0 : shard.bytes / stored,
    metadata: shard.metadata,
  };
}

function splitsOf({ shards }: Manifest): SplitSummary[] {
  const splits: SplitSummary[] = [];
  for (const split of ['train', 'val'] as const) {
    const own = shards.filter((shard) => shard.split === split);
    if (own.length === 0) continue;
    const sum = (key: 'rows' | 'tokens' | 'padding' | 'documents' | 'bytes') =>
      own.reduce((total, shard) => total + shard[key], 0);
    splits.push({
      split,
      shards: own.length,
      rows: sum('rows'),
      tokens: sum('tokens'),
      padding: sum('padding'),
      documents: sum('documents'),
      bytes: sum('bytes'),
    });
  }
  return splits;
}

async function documentLengths({ dir, manifest }: Dataset): Promise<number[]> {
  const here = new Set(await storageAt(dir).names(join(dir, 'documents')));
  const files = manifest.documents.filter(({ file }) => here.has(basename(file)));
  const step = Math.max(1, Math.ceil(files.length / MAX_SAMPLED_FILES));
  const lengths: number[] = [];
  for (let i = 0; i < files.length; i += step) {
    for await (const { tokens } of readDocuments(join(dir, files[i].file))) lengths.push(tokens);
  }
  return lengths;
}

/** Bins of a round width that cover all lengths; null when there are none. */
function histogramOf(lengths: number[]): Histogram | null {
  if (lengths.length === 0) return null;
  const sorted = Float64Array.from(lengths).sort();
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)];
  const min = sorted[0];
  const max = sorted[sorted.length - 1];
  const width = roundUp((max - min + 1) / HISTOGRAM_BINS);
  const start = Math.floor(min / width) * width;
  const bins: Histogram['bins'] = [];
  for (let from = start; from <= max; from += width)
    bins.push({ from, to: from + width, count: 0 });
  for (const length of sorted) bins[Math.floor((length - start) / width)].count++;
  const mean = sorted.reduce((sum, length) => sum + length, 0) / sorted.length;
  return { bins, min, median: at(0.5), p95: at(0.95), max, mean, documents: sorted.length };
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
function roundUp(width: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, width)));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= width) ?? 10);
}
