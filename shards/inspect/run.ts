/** `shards inspect` on whatever the path is: a dataset or a shard, whole or one row. */
import { CodecLmError } from '../../base/error.ts';
import { type Dataset, openDataset } from '../dataset/dataset.ts';
import { readTokenizerOf } from '../dataset/tokenizer.ts';
import { isFolder, summarizeDataset, summarizeShard } from './inspect.ts';
import { printDataset, printMerges, printRow, printShard } from './print.ts';
import { tokenText, viewDatasetRow, viewShardRow } from './row.ts';

const TOP_MERGES = 10;

export interface InspectOptions {
  row?: number;
  /** Where to write a page with pictures. */
  html?: string;
}

/**
 * @returns the same as tables and as data
 * @throws CodecLmError as openDataset and openShard do; `USAGE` for --html of a single shard
 */
export async function inspectPath(
  path: string,
  { row, html }: InspectOptions,
): Promise<{ text: string; data: unknown }> {
  if (!(await isFolder(path))) {
    if (html !== undefined) {
      throw new CodecLmError('USAGE', '--html needs the dataset directory, not one of its files');
    }
    if (row === undefined) {
      const data = await summarizeShard(path);
      return { text: printShard(data), data };
    }
    const data = await viewShardRow(path, row);
    return { text: printRow(data), data };
  }
  const dataset = await openDataset(path);
  try {
    if (html !== undefined) {
      const { writePage } = await import('./page.ts');
      await writePage(dataset, html);
    }
    return await inspectDataset(dataset, row);
  } finally {
    await dataset.close();
  }
}

async function inspectDataset(dataset: Dataset, row?: number) {
  if (row !== undefined) {
    const { openViewer } = await import('../dataset/viewer.ts');
    const data = await viewDatasetRow(dataset, row, await openViewer(dataset));
    return { text: printRow(data), data };
  }
  const bpe = await readTokenizerOf(dataset);
  const summary = await summarizeDataset(dataset);
  const topMerges = bpe.merges.slice(0, TOP_MERGES).map((_, i) => {
    return { id: 256 + i, bytes: tokenText(256 + i, bpe) };
  });
  const text = printDataset(summary);
  return {
    text: topMerges.length > 0 ? `${text}\n\n${printMerges(topMerges)}` : text,
    data: { ...summary, topMerges },
  };
}
