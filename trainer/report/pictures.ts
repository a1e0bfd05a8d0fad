/** Pictures for a page: some documents of a dataset, and what `trainer sample` wrote. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, fileError } from '../../schemas/error.ts';
import { jpegSettingsSchema } from '../../schemas/jpeg.ts';
import { openDataset } from '../../shards/dataset.ts';
import { readTokenizer } from '../../tokenizer/bpe/huggingface.ts';
import { toJpegFile } from '../../tokenizer/jpeg/view.ts';
import type { Pictures } from './write.ts';

const INPUTS = 24;

/** A page with more no longer opens at once. */
const MAX_SAMPLES = 256;

/**
 * Documents from all over a dataset.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `DATASET_INCOMPLETE`; `CONFIG_INVALID` for a dataset of videos
 */
export async function inputPictures(dir: string): Promise<Pictures> {
  const dataset = await openDataset(dir);
  try {
    const { codec, documents, totals } = dataset.manifest;
    if (codec.name !== 'jpeg') {
      throw new CodecLmError(
        'CONFIG_INVALID',
        `${dir} holds ${codec.name}, a page shows jpeg only`,
      );
    }
    const { quality } = jpegSettingsSchema.parse(codec.settings);
    const tokenizer = await readTokenizer(dataset.tokenizerDir);
    const last = Math.max(0, ...documents.map(({ lastDoc }) => lastDoc ?? 0));
    const count = Math.min(INPUTS, totals.documents);
    const jpegs: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const docId = Math.floor((i * (last + 1)) / count);
      const ids = await dataset.readDocument(docId).then((document) => document.ids, unlessMissing);
      if (ids) jpegs.push(toJpegFile(tokenizer.decode(ids, { specials: 'skip' }), quality));
    }
    return { jpegs, note: `${jpegs.length} of ${totals.documents} documents` };
  } finally {
    await dataset.close();
  }
}

/** An input that failed leaves a gap in the ids. */
function unlessMissing(error: unknown): undefined {
  if (error instanceof CodecLmError && error.code === 'INPUT_NOT_FOUND') return undefined;
  throw error;
}

/** The .jpg files of a folder by name; a .bin is a sample that is no picture. */
export async function samplePictures(dir: string): Promise<Pictures> {
  try {
    const names = (await readdir(dir)).filter((name) => /^\d{8}\.(jpg|bin)$/.test(name)).sort();
    const shown = names.slice(0, MAX_SAMPLES);
    const jpegs = await Promise.all(
      shown.map((name) => (name.endsWith('.jpg') ? readFile(join(dir, name)) : null)),
    );
    const bad = names.filter((name) => name.endsWith('.bin')).length;
    const note = `${names.length} samples, ${names.length - bad} of them valid images`;
    return {
      jpegs,
      note: shown.length < names.length ? `${note}; the first ${shown.length}` : note,
    };
  } catch (error) {
    throw fileError(error, 'reading the samples in', dir);
  }
}
