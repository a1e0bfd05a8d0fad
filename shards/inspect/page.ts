/** `shards inspect --html`: one self-contained page that shows a dataset. */

import { resolve } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { TINY_PICTURE } from '../../base/html.ts';
import { BYTES } from '../../tokenizer/index.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { type DocumentViewer, openViewer } from '../dataset/viewer.ts';
import { summarizeDataset } from './inspect.ts';
import { type PagePicture, renderPage } from './page-html.ts';
import type { TokenFrequency } from './page-plots.ts';
import { tokenText } from './row.ts';

/** Number of shards that are sampled, evenly spaced. */
const SAMPLED_SHARDS = 10;
const ROWS_A_SHARD = 12;
const PICTURES = 60;

/**
 * @param path path of the page; it is written completely or not at all
 * @throws CodecLmError as `extract` does
 */
export async function writePage(dataset: Dataset, path: string): Promise<void> {
  const viewer = await openViewer(dataset);
  const here = await dataset.present();
  try {
    const { docIds, frequencies, sampled } = await sample(here, viewer);
    const pictures = await picturesOf(here, viewer, docIds);
    const isWhole = here.manifest.shards.length === dataset.manifest.shards.length;
    const html = renderPage({
      summary: await summarizeDataset(dataset, viewer.tokenizer),
      // A document that continues in a missing shard has no picture.
      pictures: isWhole ? pictures : pictures.filter(({ source }) => source !== undefined),
      frequencies,
      isOfStrips: viewer.codec.still.isStrip,
      isTiny: Math.max(viewer.codec.width, viewer.codec.height) <= TINY_PICTURE,
      sampled,
      present: here.manifest.shards.length,
    });
    await writeAtomically(resolve(path), (file) => file.write(Buffer.from(html)));
  } finally {
    await here.close();
  }
}

async function picturesOf(
  dataset: Dataset,
  viewer: DocumentViewer,
  docIds: number[],
): Promise<PagePicture[]> {
  const pictures: PagePicture[] = [];
  for (const docId of spread(docIds, PICTURES)) {
    pictures.push(await pictureOf(dataset, viewer, docId));
  }
  return pictures;
}

/** Samples document ids and token counts (without padding) from some rows of some shards. */
async function sample(dataset: Dataset, viewer: DocumentViewer) {
  const { shards, vocabSize } = dataset.manifest;
  const counts = new Float64Array(vocabSize);
  const docIds = new Set<number>();
  const sampled = spread(shards, SAMPLED_SHARDS);
  for (const entry of sampled) {
    const indices = spread(
      Array.from({ length: entry.rows }, (_, row) => row),
      ROWS_A_SHARD,
    );
    for (const index of indices) {
      const row = await dataset.pool.use(entry, (shard) => shard.readRow(index));
      for (const id of row.ids) counts[id]++;
      for (const docId of row.docIds) docIds.add(docId);
    }
  }
  const frequencies = Array.from(counts, (count, id): TokenFrequency => {
    return { id, count, text: tokenText(id, viewer.tokenizer) };
  });
  frequencies.sort((a, b) => b.count - a.count || a.id - b.id);
  return {
    sampled: sampled.length,
    docIds: [...docIds].sort((a, b) => a - b),
    frequencies: frequencies.filter(({ id, count }) => count > 0 && id !== viewer.tokenizer.padId),
  };
}

/** Picks up to `count` of the items, evenly spaced. */
function spread<T>(items: T[], count: number): T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]);
}

async function pictureOf(
  dataset: Dataset,
  viewer: DocumentViewer,
  docId: number,
): Promise<PagePicture> {
  try {
    const { ids } = await dataset.readDocument(docId);
    const symbols = viewer.symbolsOf(ids);
    const { type, file } = await viewer.picture(symbols);
    const unit = viewer.codec.alphabet === BYTES ? 'B' : 'symbols';
    const caption = `${ids.length} tokens, ${symbols.length} ${unit}`;
    return {
      docId,
      caption,
      source: `data:${type};base64,${Buffer.from(file).toString('base64')}`,
    };
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    return { docId, caption: error.message };
  }
}
