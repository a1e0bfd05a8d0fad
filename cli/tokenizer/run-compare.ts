/** The work of `tokenizer compare`. */
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { openCompared } from '../../tokenizer/compare/codecs.ts';
import { type ComparedPicture, comparePicture } from '../../tokenizer/compare/compare.ts';
import { comparisonPage, meansOf } from '../../tokenizer/compare/page.ts';
import type { Io } from '../command.ts';

interface CompareSettings {
  words: readonly string[];
  to: string;
  num: number;
  json: boolean;
}

/** @returns the exit code */
export async function compareInputs(
  all: readonly string[],
  { words, to, num, json }: CompareSettings,
  io: Io,
): Promise<number> {
  const share = Math.max(1, all.length / num);
  const chosen = all.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
  const codecs = await openCompared(words, chosen);
  const pictures: ComparedPicture[] = [];
  for (const [i, path] of chosen.entries()) {
    if (io.signal.aborted) throw new CodecLmError('INTERRUPTED', 'stopped before the end');
    try {
      pictures.push(await comparePicture(path, codecs));
    } catch (error) {
      const isOwn = error instanceof CodecLmError && error.scope === 'input';
      if (!isOwn || chosen.length === 1) throw error;
      io.log(`${error.message} [${error.code}]`);
    }
    io.progress.update(`${i + 1}/${chosen.length} pictures`);
  }
  io.progress.done();
  if (pictures.length === 0) {
    const message = `none of the ${chosen.length} pictures could be compared`;
    throw new CodecLmError('TOO_MANY_FAILURES', message);
  }
  await replaceFile(to, await comparisonPage(pictures));
  if (json) for (const line of meansOf(pictures)) io.printJson(line);
  else io.print(to);
  return pictures.length === chosen.length ? 0 : 3;
}
