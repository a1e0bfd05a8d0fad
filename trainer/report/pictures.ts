/** Pictures for a page: documents of a dataset, and samples that `trainer sample` wrote. */

import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { openDataset, openViewer } from '../../shards/index.ts';
import { allCodecs } from '../../tokenizer/index.ts';
import type { Pictures, ReportPicture } from './write.ts';

const INPUTS = 24;

/** Most samples on a page; with more, it opens slowly. */
const MAX_SAMPLES = 256;

/**
 * Draws documents from all parts of a dataset.
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
      if (ids) pictures.push(await viewer.picture(viewer.symbolsOf(ids)));
    }
    return { pictures, note: `${pictures.length} of ${totals.documents} documents` };
  } finally {
    await dataset.close();
  }
}

/** A failed input leaves a gap in the ids. */
function unlessMissing(error: unknown): undefined {
  if (error instanceof CodecLmError && error.code === 'INPUT_NOT_FOUND') return undefined;
  throw error;
}

/**
 * The file that shows a sample, by the extension of the sample's file: the image itself, or the
 * animation beside a clip.
 */
function shownFiles(): Map<string, { extension: string; mime: string }> {
  return new Map(allCodecs().map(({ file, shown }) => [file.extension, shown ?? file]));
}

/** The samples of a folder, by name; a .bin file is a sample that is not valid. */
export async function samplePictures(dir: string): Promise<Pictures> {
  try {
    const files = shownFiles();
    const isSample = (name: string) => files.has(extname(name)) || extname(name) === '.bin';
    const names = (await readdir(dir))
      .filter((name) => /^\d{8}\.\w+$/.test(name) && isSample(name))
      .sort();
    const shown = names.slice(0, MAX_SAMPLES);
    const pictures = await Promise.all(
      shown.map(async (name): Promise<ReportPicture | null> => {
        const found = files.get(extname(name));
        if (!found) return null;
        const { extension, mime } = found;
        return {
          type: mime,
          file: await readFile(join(dir, basename(name, extname(name)) + extension)),
        };
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
