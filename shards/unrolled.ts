/**
 * Straight-line code for 32 values of one width. They fill exactly `width` words, so
 * every shift and mask is a constant; that is three times as fast as a loop that
 * carries bits along. The source is made here, from the width alone.
 */

/** @param blocks of 32 values, from the start of each array */
export type PackBlocks = (
  values: Uint16Array,
  ranks: Uint16Array,
  words: Int32Array,
  blocks: number,
) => void;

/** @param offset in `target` */
export type UnpackBlocks = (
  words: Int32Array,
  table: Uint16Array,
  target: Uint16Array,
  offset: number,
  blocks: number,
) => void;

/** Values a block. */
export const BLOCK = 32;

const packers: PackBlocks[] = [];
const unpackers: UnpackBlocks[] = [];

/** @param width 1..16 */
export function packerOf(width: number): PackBlocks {
  packers[width] ??= compile<PackBlocks>(['values', 'ranks', 'words', 'blocks'], packSource(width));
  return packers[width];
}

/** @param width 1..16 */
export function unpackerOf(width: number): UnpackBlocks {
  const parameters = ['words', 'table', 'target', 'offset', 'blocks'];
  unpackers[width] ??= compile<UnpackBlocks>(parameters, unpackSource(width));
  return unpackers[width];
}

function compile<T>(parameters: string[], source: string): T {
  return new Function(...parameters, `'use strict';\n${source}`) as T;
}

/** Each value is read once and put in one word, or in two where it lies across their border. */
function packSource(width: number): string {
  const words: string[][] = Array.from({ length: width }, () => []);
  const reads = Array.from({ length: BLOCK }, (_, i) => {
    const { word, shift, isSplit } = placeOf(i, width);
    words[word].push(`v${i} << ${shift}`);
    if (isSplit) words[word + 1].push(`v${i} >>> ${32 - shift}`);
    return `const v${i} = ranks[values[i + ${i}]];`;
  });
  const writes = words.map((parts, i) => `words[at + ${i}] = ${parts.join(' | ')};`);
  return loop(width, '0', [...reads, ...writes]);
}

function unpackSource(width: number): string {
  const mask = 2 ** width - 1;
  const reads = Array.from({ length: width }, (_, i) => `const w${i} = words[at + ${i}];`);
  const writes = Array.from({ length: BLOCK }, (_, i) => {
    const { word, shift, isSplit } = placeOf(i, width);
    const rest = isSplit ? ` | w${word + 1} << ${32 - shift}` : '';
    return `target[i + ${i}] = table[(w${word} >>> ${shift}${rest}) & ${mask}];`;
  });
  return loop(width, 'offset', [...reads, ...writes]);
}

/** Where the bits of value `i` begin. */
function placeOf(i: number, width: number): { word: number; shift: number; isSplit: boolean } {
  const shift = (i * width) % 32;
  return { word: Math.floor((i * width) / 32), shift, isSplit: shift + width > 32 };
}

function loop(width: number, start: string, body: string[]): string {
  return [
    `for (let i = ${start}, at = 0, end = i + blocks * ${BLOCK}; i < end; i += ${BLOCK}, at += ${width}) {`,
    ...body,
    '}',
  ].join('\n');
}
