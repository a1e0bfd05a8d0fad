/** Explains each token of a document by the names of the parts that it overlaps. */
import type { Part, Tokenizer } from '../../tokenizer/index.ts';

/**
 * Explains each token of a whole document.
 * @param ids `<bos> tokens <eos>`
 * @returns e.g. `MCU 3, RST3` for a token of the last byte of an MCU and the marker after it
 */
export function readingsOf(ids: Uint16Array, tokenizer: Tokenizer, parts: Part[]): string[] {
  let part = 0;
  let offset = 0;
  return Array.from(ids, (id) => {
    if (id >= tokenizer.bosId) return '';
    const end = offset + tokenizer.tokenSymbols(id).length;
    const names: string[] = [];
    while (part < parts.length && offset < end) {
      if (parts[part].end > offset) names.push(parts[part].name);
      if (parts[part].end > end) break;
      offset = parts[part].end;
      part++;
    }
    offset = end;
    return names.join(', ');
  });
}
