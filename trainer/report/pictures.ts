/** Pictures for a page: documents of a dataset, and samples that `trainer sample` wrote. */

import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { formatCount } from '../../base/format.ts';
import { TINY_PICTURE } from '../../base/html.ts';
import { sharp } from '../../base/sharp.ts';
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
    const { still, width, height } = viewer.codec;
    return {
      pictures,
      note: `${pictures.length} of ${formatCount(totals.documents)} documents`,
      isOfStrips: still.isStrip,
      isTiny: Math.max(width, height) <= TINY_PICTURE,
    };
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

/** The part of a sample's description that a page sums up. */
const descriptionSchema = z.object({
  tokens: z.int().nonnegative(),
  promptTokens: z.int().nonnegative(),
  corrected: z.int().nonnegative(),
});

/** What people have to know of samples, from the descriptions beside them. */
async function howDrawn(dir: string, names: readonly string[], isMoving: boolean): Promise<string> {
  const described = await Promise.all(
    names.map(async (name) => {
      // Samples may have been copied without their descriptions; then the page says less.
      const text = await readFile(join(dir, `${basename(name, extname(name))}.json`), 'utf8').catch(
        () => '{}',
      );
      const parsed = descriptionSchema.safeParse(JSON.parse(text));
      return parsed.success ? [parsed.data] : [];
    }),
  );
  const found = described.flat();
  if (found.length === 0) return '';
  const sum = (of: (one: (typeof found)[number]) => number) =>
    found.reduce((total, one) => total + of(one), 0);
  const tokens = Math.max(
    1,
    sum((one) => one.tokens),
  );
  const changed = (100 * sum(({ corrected }) => corrected)) / tokens;
  const continued = found.filter(({ promptTokens }) => promptTokens > 1).length;
  const given =
    continued === 0
      ? 'All begin with nothing given.'
      : `${continued === found.length ? 'All' : continued} of them continue a prompt: their beginning was given${isMoving ? ' (frames with an amber line below)' : ''}.`;
  return `${given} The grammar changed ${changed.toFixed(1)} % of the drawn tokens`;
}

/** Leaves out files beside a clip that another codec's samples could be: the strip of its frames. */
function withoutCompanions(names: readonly string[]): string[] {
  const films = new Set(
    allCodecs().flatMap(({ file, shown }) => (shown === undefined ? [] : [file.extension])),
  );
  const stem = (name: string) => basename(name, extname(name));
  const clips = new Set(names.filter((name) => films.has(extname(name))).map(stem));
  return names.filter((name) => !clips.has(stem(name)) || films.has(extname(name)));
}

/** Whether single pixels are looked at. */
async function areTiny(pictures: readonly (ReportPicture | null)[]): Promise<boolean> {
  const first = pictures.find((picture) => picture !== null);
  if (!first) return false;
  const { width = 0, height = 0 } = await sharp(first.file)
    .metadata()
    .catch(() => ({ width: 0, height: 0 }));
  return width > 0 && Math.max(width, height) <= TINY_PICTURE;
}

/** The samples of a folder, by name; a .bin file is a sample that is not valid. */
export async function samplePictures(dir: string): Promise<Pictures> {
  try {
    const files = shownFiles();
    const isSample = (name: string) => files.has(extname(name)) || extname(name) === '.bin';
    const found = (await readdir(dir)).filter(
      (name) => /^\d{8}\.\w+$/.test(name) && isSample(name),
    );
    const names = withoutCompanions(found.sort());
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
    const part = shown.length < names.length ? `; the first ${shown.length} are shown` : '';
    const note = `${names.length} samples, ${names.length - bad} of them valid${part}`;
    const isMoving = shown.some(
      (name) => (files.get(extname(name))?.extension ?? extname(name)) !== extname(name),
    );
    const how = await howDrawn(dir, names, isMoving);
    return { pictures, note: `${note}. ${how}`, isTiny: await areTiny(pictures) };
  } catch (error) {
    throw readError(error, dir, 'reading the samples in');
  }
}
