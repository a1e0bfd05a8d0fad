/** What the model writes: samples, none left out, and completions of letters it has not seen. */
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { step } from '../demo/steps.ts';

/** Samples of the sheet; their seed is 0. */
const SAMPLES = 64;

/** Letters that are completed, by family and weight. */
const PROMPTS: readonly (readonly [style: string, letters: string])[] = [
  ['lato-700', 'ABR'],
  ['poppins-600', 'GSe'],
  ['rubik-500', 'k25'],
  ['zilla-slab-700', 'nWQ'],
];

/**
 * Writes `samples/` and `completions/`, each with a contact sheet.
 * @param heldOut letters of fonts that the model has not seen
 */
export async function drawPictures(model: string, heldOut: string, to: string): Promise<void> {
  const prompts = join(to, 'prompts');
  await mkdir(prompts, { recursive: true });
  for (const [style, letters] of PROMPTS) await copyPrompts(heldOut, prompts, style, letters);
  const draw = ['sample', '--checkpoint', model, '--seed', '0'];
  await step('trainer', [...draw, '--num', String(SAMPLES), '--to', join(to, 'samples')]);
  await step('trainer', [
    ...[...draw, '--num', '5', '--to', join(to, 'completions')],
    ...['--prompt', prompts, '--prompt-ratio', '0.5', '--token-healing'],
  ]);
}

/** Copies the pictures of these letters in one style, whatever their colour. */
export async function copyPrompts(
  from: string,
  to: string,
  style: string,
  letters: string,
): Promise<void> {
  const files = await readdir(from);
  for (const letter of letters) {
    const file = files.find((name) => name.startsWith(`${style}-${letter.charCodeAt(0)}-`));
    if (file === undefined) {
      throw new CodecLmError('INPUT_NOT_FOUND', `there is no ${letter} of ${style} in ${from}`, {
        path: from,
        hint: 'remove the folder of letters, so that they are drawn again',
      });
    }
    await copyFile(join(from, file), join(to, file));
  }
}
