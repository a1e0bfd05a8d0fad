/**
 * Rows of models that ran elsewhere: folders of completions. Models that fill in a picture change what
 * they should keep, so the prompt is compared, counted and pasted back.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { isFolder, makeFolder } from '../../base/files.ts';
import { type Pasted, type ProtocolPlan, pastedSchema } from '../../schemas/protocol.ts';
import { listPictures } from '../pictures/list.ts';
import { hashOf } from './choose.ts';
import {
  activeRegion,
  conditionsOf,
  givenRows,
  type PromptCondition,
  pictureName,
} from './layout.ts';
import { asPng, type PicturePixels, pixelsOfFile, readPixels } from './rasters.ts';
import { goOnUnlessStopped, ownPictures, type Work } from './work.ts';

/** A set of pictures of a row: one for each prompt, in their order. */
export interface ForeignSet {
  readonly row: string;
  readonly condition: PromptCondition;
  /** Counted from 0: a set for each seed that there is a folder of. */
  readonly set: number;
  readonly files: readonly string[];
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._+()-]{0,63}$/u;
const SET = /^seed-\d+$/;

/**
 * @param texts `NAME=DIR` each
 * @throws CodecLmError `USAGE`
 */
export function parseRows(texts: readonly string[]): Map<string, string> {
  const rows = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const [name, folder] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
    if (at < 0 || folder === '' || !NAME.test(name)) {
      throw new CodecLmError(
        'USAGE',
        `a row is NAME=DIR, with a name of letters and digits; received "${text}"`,
      );
    }
    if (rows.has(name)) throw new CodecLmError('USAGE', `two rows are called "${name}"`);
    rows.set(name, folder);
  }
  return rows;
}

/**
 * Finds the sets of a row: DIR/CONDITION, DIR/CONDITION/seed-N, or DIR itself where there is one condition.
 * @throws CodecLmError `INPUT_NOT_FOUND`; `COMPLETIONS_MISMATCH` for pictures that are missing or left over
 */
export async function foreignSets(
  row: string,
  folder: string,
  plan: ProtocolPlan,
): Promise<ForeignSet[]> {
  if (!(await isFolder(folder))) {
    throw new CodecLmError('INPUT_NOT_FOUND', `row "${row}": ${folder} is no folder`, {
      path: folder,
    });
  }
  const conditions = conditionsOf(plan.settings);
  const sets: ForeignSet[] = [];
  for (const condition of conditions) {
    const place = join(folder, condition.id);
    if (await isFolder(place)) sets.push(...(await setsIn(row, place, condition, plan)));
  }
  if (sets.length === 0 && conditions.length === 1) {
    sets.push(...(await setsIn(row, folder, conditions[0], plan)));
  }
  if (sets.length > 0) return sets;
  const names = conditions.map(({ id }) => id).join(', ');
  throw new CodecLmError(
    'COMPLETIONS_MISMATCH',
    `row "${row}": ${folder} has none of the folders ${names}`,
    { path: folder, hint: 'put the completions of each prompt into a folder of that name' },
  );
}

async function setsIn(
  row: string,
  folder: string,
  condition: PromptCondition,
  plan: ProtocolPlan,
): Promise<ForeignSet[]> {
  const names = await readdir(folder).catch((error) => {
    throw readError(error, folder);
  });
  const numbers = names.filter((name) => SET.test(name)).sort(bySeed);
  const places = numbers.length > 0 ? numbers.map((name) => join(folder, name)) : [folder];
  return Promise.all(
    places.map(async (place, set) => {
      const files = await filesFor(row, place, condition, plan);
      return { row, condition, set, files };
    }),
  );
}

function bySeed(a: string, b: string): number {
  return Number(a.slice('seed-'.length)) - Number(b.slice('seed-'.length));
}

/** Completions by the number of their prompt; without prompts, as many as there are, in any order. */
async function filesFor(
  row: string,
  folder: string,
  { ratio }: PromptCondition,
  { pictures }: ProtocolPlan,
): Promise<string[]> {
  const files = await listPictures(folder);
  const problem = (what: string, path = folder) =>
    new CodecLmError('COMPLETIONS_MISMATCH', `row "${row}": ${what}`, {
      path,
      hint: 'a row has one picture for each of the prompts, named by its number: 00000000.png',
    });
  if (ratio === undefined) {
    if (files.length === pictures.length) return files;
    throw problem(`${folder} holds ${files.length} pictures; ${pictures.length} are compared`);
  }
  const byName = new Map<string, string>();
  for (const path of files) {
    const name = basename(path, extname(path));
    const before = byName.get(name);
    if (before) throw problem(`${before} and ${path} are two completions of one prompt`, path);
    byName.set(name, path);
  }
  const wanted = [...pictures.keys()].map(pictureName);
  const missing = wanted.filter((name) => !byName.has(name));
  if (missing.length > 0) {
    throw problem(
      `${folder}: ${missing.length} of ${wanted.length} completions are missing, the first is ${missing[0]}`,
    );
  }
  const known = new Set(wanted);
  const extra = [...byName].filter(([name]) => !known.has(name));
  if (extra.length > 0) {
    const [[, path]] = extra;
    throw problem(`${extra.length} pictures belong to no prompt, the first is ${path}`, path);
  }
  return wanted.map((name) => byName.get(name)!);
}

/**
 * Pastes the prompts of this rank back, where that is not done yet or the completion has changed.
 * @throws CodecLmError `COMPLETIONS_MISMATCH` for a picture of another size; an `IMAGE_*` code
 */
export async function pasteSets(work: Work, sets: readonly ForeignSet[]): Promise<void> {
  const own = ownPictures(work);
  for (const set of sets) {
    const folder = work.layout.pasted(set.row, set.condition, set.set);
    await makeFolder(folder);
    const what = `${set.row}, ${set.condition.title}`;
    for (const [done, index] of own.entries()) {
      goOnUnlessStopped(work);
      work.onEvent?.({ type: 'stage', stage: 'rows', what, done, total: own.length });
      await paste(work, set, index, folder);
    }
  }
}

async function paste(
  { layout, plan }: Work,
  { row, condition, files }: ForeignSet,
  index: number,
  folder: string,
): Promise<void> {
  const source = files[index];
  const file = await readFile(source).catch((error) => {
    throw readError(error, source);
  });
  const sha256 = hashOf(file);
  const name = join(folder, pictureName(index));
  const before = await readPasted(`${name}.json`);
  if (before?.sha256 === sha256) return;
  const { width, height } = plan.codec;
  const made = await pixelsOfFile(file, source);
  if (made.width !== width || made.height !== height) {
    throw new CodecLmError(
      'COMPLETIONS_MISMATCH',
      `row "${row}": ${source} has ${made.width}x${made.height} pixels, not ${width}x${height}`,
      { path: source, hint: 'bring the completions to the size of the prompts first' },
    );
  }
  const record: Pasted = { source, sha256, given: 0, changed: 0, meanChange: 0 };
  if (condition.ratio !== undefined) {
    const originals = layout.prepared('originals', condition.isHalf);
    const original = await readPixels(join(originals, `${pictureName(index)}.png`));
    Object.assign(record, pasteBack(made, original, condition));
  }
  await replaceFile(`${name}.png`, await asPng(made));
  await replaceFile(`${name}.json`, `${JSON.stringify(record)}\n`);
}

/** Within borders only the picture itself counts: nobody measures the borders. */
function pasteBack(made: PicturePixels, original: PicturePixels, condition: PromptCondition) {
  const { width, height } = made;
  const whole = { left: 0, top: 0, width, height };
  const { left, top, width: across } = condition.isHalf ? activeRegion(made) : whole;
  let [given, changed, sum] = [0, 0, 0];
  for (let y = top; y < givenRows(condition, made); y++) {
    for (let x = left; x < left + across; x++) {
      const at = 3 * (y * width + x);
      let change = 0;
      for (let i = at; i < at + 3; i++) {
        change += Math.abs(made.data[i] - original.data[i]);
        made.data[i] = original.data[i];
      }
      given++;
      if (change > 0) changed++;
      sum += change;
    }
  }
  return { given, changed, meanChange: given === 0 ? 0 : sum / (3 * given) };
}

/** @returns undefined where nothing is pasted yet */
export async function readPasted(path: string): Promise<Pasted | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  // The file appears whole or not at all; one of another version is made again.
  return text === undefined ? undefined : pastedSchema.safeParse(JSON.parse(text)).data;
}
