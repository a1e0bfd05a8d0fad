/** The sets of pictures of an evaluation, and how their pictures came about. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readError } from '../../base/file-error.ts';
import {
  type Completion,
  type Counts,
  completionSchema,
  type ProtocolPlan,
  type Reference,
} from '../../schemas/protocol.ts';
import type { Codec } from '../../tokenizer/index.ts';
import { type ForeignSet, readPasted } from './elsewhere.ts';
import type { PictureList } from './feature-store.ts';
import {
  activeRegion,
  type Draw,
  type Layout,
  type PromptCondition,
  pictureName,
} from './layout.ts';
import { canonicalName } from './prepare.ts';

interface Place {
  readonly layout: Layout;
  readonly plan: ProtocolPlan;
}

/** A set with its description, ready to be measured. */
export interface MeasuredSet {
  /** Its place in the row: `seed 0`, `set 1`. */
  readonly title: string;
  readonly list: PictureList;
  readonly counts: Counts;
  /** Engines whose completions depend on the batch, if any drew some. */
  readonly engines: ReadonlySet<string>;
}

/** What sets are measured against: pictures as they are, or as the codec writes them. */
export function referenceList(
  place: Place,
  codec: Codec,
  reference: Reference,
  isHalf: boolean,
): PictureList {
  if (reference === 'raw') return rawList(place, isHalf);
  const folder = place.layout.prepared('canonical', isHalf);
  return preparedList(place, 'canonical', isHalf, (index) =>
    join(folder, canonicalName(index, codec)),
  );
}

/** The pictures as they are. */
export function rawList(place: Place, isHalf: boolean): PictureList {
  const folder = place.layout.prepared('originals', isHalf);
  return preparedList(place, 'raw', isHalf, (index) => join(folder, `${pictureName(index)}.png`));
}

function preparedList(
  { plan }: Place,
  kind: Reference,
  isHalf: boolean,
  pathOf: (index: number) => string,
): PictureList {
  return {
    label: `${isHalf ? 'half-size ' : ''}${kind} pictures`,
    files: [...plan.pictures.keys()].map(pathOf),
    ...cropFor(plan, isHalf),
  };
}

/** Black borders are nobody's work: only what is within them is measured (paper, footnote 11). */
function cropFor({ codec }: ProtocolPlan, isHalf: boolean) {
  return isHalf && { crop: activeRegion(codec) };
}

/** @throws CodecLmError `INPUT_NOT_FOUND` for a completion that is lost */
export async function drawnSet(
  { layout, plan }: Place,
  condition: PromptCondition,
  draw: Draw,
  seed: number,
): Promise<MeasuredSet> {
  const folder = layout.drawn(condition, draw, seed);
  const files: string[] = [];
  const engines = new Set<string>();
  const counts = {
    pictures: 0,
    invalid: 0,
    tokens: 0,
    promptTokens: 0,
    corrected: 0,
    logProbability: 0,
  };
  for (const index of plan.pictures.keys()) {
    const found = await readCompletion(join(folder, `${pictureName(index)}.json`));
    files.push(join(folder, found.file));
    if (found.engine) engines.add(found.engine);
    counts.pictures++;
    if (!found.valid) counts.invalid++;
    counts.tokens += found.tokens;
    counts.promptTokens += found.promptTokens;
    counts.corrected += found.corrected;
    counts.logProbability += found.logProbability * found.tokens;
  }
  const title = `seed ${seed}`;
  const label = `${condition.title}, ${draw.id}, ${title}`;
  return { title, list: { label, files, ...cropFor(plan, condition.isHalf) }, counts, engines };
}

async function readCompletion(path: string): Promise<Completion> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path);
  });
  return completionSchema.parse(JSON.parse(text));
}

/** The pictures of a row that was made elsewhere, prompts pasted back. */
export async function pastedSet(
  { layout, plan }: Place,
  { row, condition, set }: ForeignSet,
): Promise<MeasuredSet> {
  const folder = layout.pasted(row, condition, set);
  const indices = [...plan.pictures.keys()];
  const counts = { pictures: 0, given: 0, changed: 0, meanChange: 0 };
  let sum = 0;
  for (const index of indices) {
    const record = await readPasted(join(folder, `${pictureName(index)}.json`));
    if (!record) continue;
    counts.pictures++;
    counts.given += record.given;
    counts.changed += record.changed;
    sum += record.meanChange * record.given;
  }
  counts.meanChange = counts.given === 0 ? 0 : sum / counts.given;
  const files = indices.map((index) => join(folder, `${pictureName(index)}.png`));
  const title = `set ${set}`;
  const label = `${row}, ${condition.title}, ${title}`;
  return {
    title,
    list: { label, files, ...cropFor(plan, condition.isHalf) },
    counts,
    engines: new Set(),
  };
}
