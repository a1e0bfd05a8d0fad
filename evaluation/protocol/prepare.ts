/**
 * The first stage: each chosen picture as models see it, as pixels (`originals`), as the codec's file
 * (`canonical`) and as symbols (`documents`), from which prompts are cut.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { symbolsOfBytes } from '../../tokenizer/alphabet.ts';
import { bytesOfSymbols, type Codec } from '../../tokenizer/index.ts';
import { constraintsOf } from '../../trainer/sample/generate.ts';
import { type PlannedSample, planSamples } from '../../trainer/sample/plan.ts';
import { type Prompt, promptOfDocument } from '../../trainer/sample/prompt.ts';
import { readChosen } from './choose.ts';
import { conditionsOf, givenShare, type PromptCondition, pictureName } from './layout.ts';
import { asPng, halved, type PicturePixels, seenPixels } from './rasters.ts';
import { type DrawingWork, goOnUnlessStopped, ownPictures, type Work } from './work.ts';

/** Whole pictures, and those within borders if they are asked for. */
export function sizesOf({ plan }: Pick<Work, 'plan'>): boolean[] {
  return plan.settings.halfSize ? [false, true] : [false];
}

/**
 * Prepares the pictures of this rank that are not there yet.
 * @throws CodecLmError that names the picture: an `IMAGE_*` code, or `CONFIG_INVALID` when what is left of
 *   it may not fit in `maxTokens`
 */
export async function preparePictures(work: DrawingWork): Promise<void> {
  const { layout, plan, onEvent } = work;
  const sizes = sizesOf(work);
  for (const isHalf of sizes) {
    for (const kind of ['originals', 'canonical', 'documents'] as const) {
      await makeFolder(layout.prepared(kind, isHalf));
    }
  }
  // The documents are written last, so they tell what is done.
  const found = await Promise.all(
    sizes.map((isHalf) => namesIn(layout.prepared('documents', isHalf))),
  );
  const done = found.map((names) => new Set(names));
  const own = ownPictures(work);
  const check = fitsOf(work);
  for (const [nth, index] of own.entries()) {
    goOnUnlessStopped(work);
    onEvent?.({ type: 'stage', stage: 'prompts', what: 'pictures', done: nth, total: own.length });
    if (done.every((names) => names.has(documentName(index)))) continue;
    const chosen = plan.pictures[index];
    const label = join(plan.images, chosen.name);
    const { width, height, settings } = plan.codec;
    const file = await readChosen(plan.images, chosen);
    const whole = await seenPixels(file, label, { width, height, settings });
    for (const isHalf of sizes) {
      await prepare(work, index, isHalf ? halved(whole) : whole, isHalf);
      await check(index, label, isHalf);
    }
  }
  const total = own.length;
  onEvent?.({ type: 'stage', stage: 'prompts', what: 'pictures', done: total, total });
}

async function prepare(
  { layout, model }: DrawingWork,
  index: number,
  pixels: PicturePixels,
  isHalf: boolean,
): Promise<void> {
  const { codec } = model;
  const name = pictureName(index);
  const png = await asPng(pixels);
  const encoder = await codec.encoder();
  const { symbols } = await encoder.encode(png, `${name}.png`);
  await replaceFile(join(layout.prepared('originals', isHalf), `${name}.png`), png);
  const canonical = join(layout.prepared('canonical', isHalf), canonicalName(index, codec));
  await replaceFile(canonical, await codec.view(symbols));
  const document = join(layout.prepared('documents', isHalf), documentName(index));
  await replaceFile(document, bytesOfSymbols(symbols));
}

export function canonicalName(index: number, { definition }: Codec): string {
  return `${pictureName(index)}${definition.file.extension}`;
}

function documentName(index: number): string {
  return `${pictureName(index)}.bin`;
}

/**
 * The work of drawing for a picture under a condition.
 * @throws CodecLmError `CONFIG_INVALID` when the prompt leaves no room; `INPUT_NOT_FOUND`, `TOKEN_INVALID` for
 *   a document that is lost or damaged
 */
export async function plannedOf(
  work: DrawingWork,
  condition: PromptCondition,
  index: number,
): Promise<PlannedSample> {
  const { maxTokens } = work.plan.settings;
  const prompts =
    condition.ratio === undefined ? undefined : [await promptFor(work, condition, index)];
  return { ...planSamples(prompts, 1, maxTokens)[0], index };
}

async function promptFor(
  { layout, model, plan }: DrawingWork,
  condition: PromptCondition,
  index: number,
): Promise<Prompt> {
  const { codec, tokenizer } = model;
  const path = join(layout.prepared('documents', condition.isHalf), documentName(index));
  const bytes = await readFile(path).catch((error) => {
    throw readError(error, path, 'reading the prompt');
  });
  const original = symbolsOfBytes(bytes, codec.alphabet, path);
  const given = codec.cut(original, codec.cutOfShare(givenShare(condition, codec)));
  const { name } = plan.pictures[index];
  const { tokenHealing } = plan.settings;
  return promptOfDocument(original, given, { name, tokenizer, tokenHealing });
}

/** A picture that cannot be continued is told before anything is drawn, not after days. */
function fitsOf(work: DrawingWork) {
  const { model, plan } = work;
  const { grammar } = plan.settings;
  const constraints = constraintsOf(model, [], { grammar });
  const conditions = conditionsOf(plan.settings).filter(({ ratio }) => ratio !== undefined);
  return async (index: number, label: string, isHalf: boolean): Promise<void> => {
    for (const condition of conditions.filter((each) => each.isHalf === isHalf)) {
      try {
        const planned = await plannedOf(work, condition, index);
        const ids = planned.prompt?.ids.subarray(1) ?? [];
        constraints?.(ids, planned.maxTokens);
      } catch (error) {
        if (!(error instanceof CodecLmError)) throw error;
        const { code, message, hint } = error;
        const text = `${label}, ${condition.title}: ${message}`;
        throw new CodecLmError(code, text, { cause: error, path: label, hint });
      }
    }
  };
}
