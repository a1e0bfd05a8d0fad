/** Recognizes the `tokenizer.json` of a plain alphabet, as opposed to a BPE over bytes. */
import type { TokenizerFile } from '../../../schemas/tokenizer.ts';
import { BYTES, firstCharacter, MAX_ALPHABET } from '../../alphabet.ts';

/**
 * Files that this project writes for plain alphabets have no merges. Symbol s is written as a
 * character of the alphabet's Unicode block and has id s.
 * @returns the size of the alphabet; undefined for bytes and for every other file
 */
export function alphabetOf({ model, added_tokens: added }: TokenizerFile): number | undefined {
  const entries = Object.entries(model.vocab).filter(
    ([text]) => !added.some(({ content }) => content === text),
  );
  const size = entries.length;
  if (model.merges.length > 0 || size === 0 || size === BYTES || size > MAX_ALPHABET)
    return undefined;
  const first = firstCharacter(size);
  const isPlain = entries.every(([text, id]) => text === String.fromCodePoint(first + id));
  const specials = ['<bos>', '<eos>', '<pad>'].every((content, i) =>
    added.some((token) => token.content === content && token.id === size + i),
  );
  return isPlain && specials && added.length === 3 ? size : undefined;
}
