/** Shows a dataset or a shard as data: all of it, or one row. */
import { CodecLmError } from '../../base/error.ts';
import { openDataset } from '../dataset/dataset.ts';
import { readTokenizerOf } from '../dataset/tokenizer.ts';
import {
  type DatasetSummary,
  isDatasetFolder,
  type ShardSummaryView,
  summarizeDataset,
  summarizeShard,
} from './inspect.ts';
import { type RowView, tokenText, viewDatasetRow, viewShardRow } from './row.ts';

const TOP_MERGES = 10;

/** One merge of the tokenizer. */
export interface MergeView {
  id: number;
  /** Bytes of the merged token, in hex. */
  bytes: string;
}

export interface InspectedDataset extends DatasetSummary {
  /** The first merges, which are the most frequent pairs of the corpus. */
  topMerges: MergeView[];
}

/**
 * @param path a dataset directory, or a file of its shards/
 * @returns a summary; its `kind` says which of the two it describes
 * @throws CodecLmError like openDataset and openShard
 */
export async function inspect(path: string): Promise<InspectedDataset | ShardSummaryView> {
  if (!(await isDatasetFolder(path))) return summarizeShard(path);
  const dataset = await openDataset(path);
  try {
    const tokenizer = await readTokenizerOf(dataset);
    const summary = await summarizeDataset(dataset, tokenizer);
    const topMerges = tokenizer.merges.slice(0, TOP_MERGES).map((_, i) => {
      return { id: 256 + i, bytes: tokenText(256 + i, tokenizer) };
    });
    return { ...summary, topMerges };
  } finally {
    await dataset.close();
  }
}

/**
 * Shows one packed sequence.
 * @param path a dataset directory, or a file of its shards/
 * @param row index from 0; in a dataset it counts through the shards in the order of the manifest
 * @throws CodecLmError `USAGE` when there is no such row; the errors of openDataset and openShard
 */
export async function inspectRow(path: string, row: number): Promise<RowView> {
  if (!(await isDatasetFolder(path))) return viewShardRow(path, row);
  const dataset = await openDataset(path);
  try {
    const { openViewer } = await import('../dataset/viewer.ts');
    return await viewDatasetRow(dataset, row, await openViewer(dataset));
  } finally {
    await dataset.close();
  }
}

/**
 * Writes one self-contained HTML page with pictures.
 * @param dir a dataset directory
 * @param html path of the page; it is written completely or not at all
 * @throws CodecLmError `USAGE` for a single shard; the errors of openDataset
 */
export async function writeInspectPage(dir: string, html: string): Promise<void> {
  if (!(await isDatasetFolder(dir))) {
    throw new CodecLmError('USAGE', '`html` needs the dataset directory, not one of its files');
  }
  const dataset = await openDataset(dir);
  try {
    const { writePage } = await import('./page.ts');
    await writePage(dataset, html);
  } finally {
    await dataset.close();
  }
}
