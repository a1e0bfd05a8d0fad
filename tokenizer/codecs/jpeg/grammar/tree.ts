/** A Huffman table as a binary tree that is walked bit by bit (T.81 C.2, F.2.2.3). */
import type { HuffmanSpec } from '../tables.ts';
import { BLOCK_NOT_EMPTY } from './verdict.ts';

/**
 * Nodes are numbered from the root, 0. `child[2 * node + bit]` is a node, or
 * `~symbol` at a code's last bit, or `UNASSIGNED`: codes of all ones are kept
 * free (T.81 C.2), so that 1-bits can pad a segment without being a code.
 */
export interface HuffmanTree {
  readonly nodes: number;
  readonly child: Int16Array;
}

/** A number below every `~symbol`. */
export const UNASSIGNED = -32768;

export function huffmanTree({ counts, symbols }: HuffmanSpec): HuffmanTree {
  // Every leaf that splits makes one node more, so there are fewer nodes than codes, including
  // the free one.
  const child = new Int16Array(2 * (symbols.length + 1)).fill(UNASSIGNED);
  let nodes = 1;
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]; i++) {
      let node = 0;
      for (let bit = length - 1; bit > 0; bit--) {
        const edge = 2 * node + ((code >> bit) & 1);
        if (child[edge] === UNASSIGNED) child[edge] = nodes++;
        node = child[edge];
      }
      child[2 * node + (code & 1)] = ~symbols[next++];
      code++;
    }
    code <<= 1;
  }
  return { nodes, child: child.slice(0, 2 * nodes) };
}

/**
 * Accepts the code of one symbol and no other: `next[2 * position + bit]`, one position per bit,
 * `end` after the last.
 */
export function soleCode(spec: HuffmanSpec, symbol: number, end: number): Int16Array {
  const { child } = huffmanTree(spec);
  const bits = (function search(node: number): number[] | undefined {
    for (let bit = 0; bit < 2; bit++) {
      const to = child[2 * node + bit];
      if (to === ~symbol) return [bit];
      const rest = to >= 0 ? search(to) : undefined;
      if (rest !== undefined) return [bit, ...rest];
    }
    return undefined;
  })(0)!;
  const next = new Int16Array(2 * bits.length).fill(BLOCK_NOT_EMPTY);
  bits.forEach((bit, i) => {
    next[2 * i + bit] = i + 1 < bits.length ? i + 1 : end;
  });
  return next;
}
