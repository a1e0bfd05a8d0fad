/** Prompts for models that run elsewhere: pictures, masks and what is to be filled in. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { resolveOptions } from '../../base/options.ts';
import {
  type ChosenPicture,
  type PromptSettingsInput,
  promptSettingsSchema,
} from '../../schemas/protocol.ts';
import { choosePictures, readChosen } from './choose.ts';
import type { ProtocolEvent } from './events.ts';
import { conditionsOf, givenRows, type PromptCondition, pictureName } from './layout.ts';
import { asPng, halved, type PicturePixels, promptPicture, seenPixels } from './rasters.ts';

export interface PromptsOptions extends PromptSettingsInput {
  images: string;
  /** A new folder, or one that the same call was writing. */
  to: string;
  onEvent?: (event: ProtocolEvent) => void;
  signal?: AbortSignal;
}

export interface WrittenPrompts {
  readonly pictures: number;
  /** Folders below `to`, one for each condition. */
  readonly folders: readonly string[];
}

const DESCRIPTION = 'prompts.json';

/**
 * Writes TO/CONDITION/prompts, masks and originals. Pictures have the numbers that `runEvaluation` gives them
 * with the same seed, so that a folder of completions with these names is a row of its table.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder of something else; an `IMAGE_*` code that names the
 *   picture; `DISK_FULL`, `INTERRUPTED`: what is written is kept
 */
export async function writePrompts({
  images,
  to,
  onEvent,
  signal,
  ...given
}: PromptsOptions): Promise<WrittenPrompts> {
  const settings = resolveOptions(promptSettingsSchema, given, 'writePrompts');
  const { width, height } = settings;
  const pictures = await choosePictures(images, settings);
  const conditions = conditionsOf({ ...settings, unconditional: false });
  await enter(to, { images: resolve(images), ...settings, pictures });
  const folders = conditions.map(({ id }) => id);
  for (const id of folders) {
    for (const kind of ['prompts', 'masks', 'originals']) await makeFolder(join(to, id, kind));
  }
  const found = await Promise.all(folders.map((id) => namesIn(join(to, id, 'prompts'))));
  const total = pictures.length;
  for (const [index, chosen] of pictures.entries()) {
    if (signal?.aborted) throw new CodecLmError('INTERRUPTED', `writing the prompts into ${to}`);
    onEvent?.({ type: 'stage', stage: 'prompts', what: 'pictures', done: index, total });
    const name = `${pictureName(index)}.png`;
    if (found.every((names) => names.includes(name))) continue;
    const file = await readChosen(images, chosen);
    const whole = await seenPixels(file, join(images, chosen.name), { width, height });
    for (const condition of conditions) {
      const picture = condition.isHalf ? halved(whole) : whole;
      await writePrompt(join(to, condition.id), name, picture, condition);
    }
  }
  return { pictures: total, folders };
}

/** The prompt is written last, so that it tells what is done. */
async function writePrompt(
  folder: string,
  name: string,
  picture: PicturePixels,
  condition: PromptCondition,
): Promise<void> {
  const rows = givenRows(condition, picture);
  await replaceFile(join(folder, 'originals', name), await asPng(picture));
  await replaceFile(join(folder, 'masks', name), await asPng(maskOf(picture, rows)));
  await replaceFile(join(folder, 'prompts', name), await asPng(promptPicture(picture, rows)));
}

/** White where pixels are to be made, black where they are given, as tools for inpainting have it. */
function maskOf({ width, height }: PicturePixels, rows: number): PicturePixels {
  return { width, height, data: new Uint8Array(width * height * 3).fill(255, rows * width * 3) };
}

interface Description extends Record<string, unknown> {
  pictures: ChosenPicture[];
}

/** A folder of the same prompts is gone on with; any other that holds something is left alone. */
async function enter(to: string, description: Description): Promise<void> {
  const path = join(to, DESCRIPTION);
  const text = `${JSON.stringify(description, null, 1)}\n`;
  const names = await namesIn(to, writeError);
  if (names.length === 0) {
    await makeFolder(to);
    await replaceFile(path, text);
    return;
  }
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) return;
  throw new CodecLmError(
    'OUTPUT_IN_USE',
    before === undefined
      ? `${to} is not empty`
      : `${to} holds prompts of other pictures or settings`,
    { path: to, hint: 'name another folder as `to`' },
  );
}
