/** Pictures for a page: some documents of a dataset, and what `trainer sample` wrote. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { openDataset } from '../../shards/dataset/dataset.ts';
import { openViewer } from '../../shards/dataset/viewer.ts';
import type { Pictures, ReportPicture } from './write.ts';

const INPUTS = 24;

/** A page with more no longer opens at once. */
const MAX_SAMPLES = 256;

/**
 * Documents from all over a dataset.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `DATASET_INCOMPLETE`
 */
export async function inputPictures(dir: string): Promise<Pictures> {
  const dataset = await openDataset(dir);
  try {
    const { documents, totals } = dataset.manifest;
    const viewer = await openViewer(dataset);
    const last = Math.max(0, ...documents.map(({ lastDoc }) => lastDoc ?? 0));
    const count = Math.min(INPUTS, totals.documents);
    const pictures: ReportPicture[] = [];
    for (let i = 0; i < count; i++) {
      const docId = Math.floor((i * (last + 1)) / count);
      const ids = await dataset.readDocument(docId).then((document) => document.ids, unlessMissing);
      if (ids) pictures.push(await viewer.picture(viewer.bytesOf(ids)));
    }
    return { pictures, note: `${pictures.length} of ${totals.documents} documents` };
  } finally {
    await dataset.close();
  }
}

/** An input that failed leaves a gap in the ids. */
function unlessMissing(error: unknown): undefined {
  if (error instanceof CodecLmError && error.code === 'INPUT_NOT_FOUND') return undefined;
  throw error;
}

/** What is shown of a sample: an image itself, of a clip the animation beside it. */
const SHOWN: Record<string, { extension: string; type: string }> = {
  '.jpg': { extension: '.jpg', type: 'image/jpeg' },
  '.mp4': { extension: '.webp', type: 'image/webp' },
};

/** The samples of a folder by name; a .bin is one that is not valid. */
export async function samplePictures(dir: string): Promise<Pictures> {
  try {
    const names = (await readdir(dir)).filter((name) => /^\d{8}\.(jpg|mp4|bin)$/.test(name)).sort();
    const shown = names.slice(0, MAX_SAMPLES);
    const pictures = await Promise.all(
      shown.map(async (name): Promise<ReportPicture | null> => {
        const { extension, type } = SHOWN[extname(name)] ?? {};
        if (!extension) return null;
        return { type, file: await readFile(join(dir, basename(name, extname(name)) + extension)) };
      }),
    );
    const bad = names.filter((name) => name.endsWith('.bin')).length;
    const note = `${names.length} samples, ${names.length - bad} of them valid`;
    return {
      pictures,
      note: shown.length < names.length ? `${note}; the first ${shown.length}` : note,
    };
  } catch (error) {
    throw readError(error, dir, 'reading the samples in');
  }
}
