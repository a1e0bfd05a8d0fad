/**
 * The AC coefficients of one block as a finite automaton over bits (T.81 F.1.2.2):
 *
 *   - a code is `run << 4 | size`: `run` zeros, then a coefficient of `size` bits; the coefficient
 *     must lie at 63 or before;
 *   - ZRL (15, 0) is 16 zeros that a coefficient must follow, so it may not reach past 63, and no
 *     end of block may follow it;
 *   - EOB (0, 0) ends a block, and a coefficient at 63 ends it without one.
 *
 * A position is `(k - 1) * nodes + node`: k, 1..63, is the next coefficient (or the one whose bits
 * are being read); node is a place in the Huffman tree, or its twin without EOB (used after a ZRL),
 * or the number of value bits that remain.
 */
import type { HuffmanSpec } from '../tables.ts';
import { huffmanTree, soleCode, UNASSIGNED } from './tree.ts';
import { BLOCK_END, CODE_UNASSIGNED, EOB_AFTER_ZRL, RUN_TOO_LONG } from './verdict.ts';

const EOB = 0x00;
const ZRL = 0xf0;
const LAST = 63;

/** Baseline AC values have at most 10 bits (T.81 table F.2). */
const MAX_VALUE_BITS = 10;

export interface AcAutomaton {
  readonly positions: number;
  /** Positions per coefficient. */
  readonly nodes: number;
  /** `next[2 * position + bit]` is a position, `BLOCK_END`, or a negative verdict. The first position is 0. */
  readonly next: Int16Array;
}

export function acAutomaton(spec: HuffmanSpec): AcAutomaton {
  const { nodes: treeNodes, child } = huffmanTree(spec);

  // Only the nodes on the path to EOB differ after a ZRL; each gets a twin.
  const twinOf = new Map<number, number>();
  for (const node of pathToEob(child)) twinOf.set(node, treeNodes + twinOf.size);
  const firstValue = treeNodes + twinOf.size;
  const nodes = firstValue + MAX_VALUE_BITS;
  const position = (k: number, node: number) => (k - 1) * nodes + node;

  const shortestRun = shortestRuns(treeNodes, child, 0);
  const shortestRunAfterZrl = shortestRuns(treeNodes, child, Number.POSITIVE_INFINITY);

  const afterCode = (k: number, symbol: number): number => {
    if (symbol === EOB) return BLOCK_END;
    const run = symbol === ZRL ? 16 : symbol >> 4;
    if (k + run > LAST) return RUN_TOO_LONG;
    if (symbol === ZRL) return position(k + 16, twinOf.get(0)!);
    return position(k + run, firstValue + (symbol & 15) - 1);
  };

  const afterTreeBit = (k: number, node: number, bit: number, afterZrl: boolean): number => {
    const to = child[2 * node + bit];
    if (to === UNASSIGNED) return CODE_UNASSIGNED;
    if (to < 0) return afterZrl && ~to === EOB ? EOB_AFTER_ZRL : afterCode(k, ~to);
    // Refuse a node none of whose codes fits at once: later there would be no way out.
    const shortest = (afterZrl ? shortestRunAfterZrl : shortestRun)[to];
    if (k + shortest > LAST) return RUN_TOO_LONG;
    return position(k, (afterZrl && twinOf.get(to)) || to);
  };

  const next = new Int16Array(2 * LAST * nodes);
  for (let k = 1; k <= LAST; k++) {
    for (let bit = 0; bit < 2; bit++) {
      for (let node = 0; node < treeNodes; node++) {
        next[2 * position(k, node) + bit] = afterTreeBit(k, node, bit, false);
      }
      for (const [node, twin] of twinOf) {
        next[2 * position(k, twin) + bit] = afterTreeBit(k, node, bit, true);
      }
      // All value bits are valid: those that begin with 0 are the negative coefficients (T.81
      // F.1.2.1.1).
      for (let left = 1; left <= MAX_VALUE_BITS; left++) {
        const done = k === LAST ? BLOCK_END : position(k + 1, 0);
        const value = position(k, firstValue + left - 1);
        next[2 * value + bit] = left === 1 ? done : value - 1;
      }
    }
  }
  return { positions: LAST * nodes, nodes, next };
}

/** The automaton of a block that must have no AC coefficients: EOB and nothing else. */
export function emptyAcAutomaton(spec: HuffmanSpec): AcAutomaton {
  const next = soleCode(spec, EOB, BLOCK_END);
  return { positions: next.length / 2, nodes: next.length / 2, next };
}

/** The nodes on the path to EOB, from the root. */
function pathToEob(child: Int16Array): number[] {
  const search = (node: number): number[] | undefined => {
    for (const to of child.subarray(2 * node, 2 * node + 2)) {
      if (to === ~EOB) return [node];
      const rest = to >= 0 ? search(to) : undefined;
      if (rest !== undefined) return [node, ...rest];
    }
    return undefined;
  };
  return search(0) ?? [];
}

/** For each node, the shortest run among the codes below it; EOB counts as `eobRun`. */
function shortestRuns(nodes: number, child: Int16Array, eobRun: number): Float64Array {
  const runOf = (symbol: number) => (symbol === EOB ? eobRun : symbol === ZRL ? 16 : symbol >> 4);
  const shortest = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
  // Children have larger numbers than their parents.
  for (let node = nodes - 1; node >= 0; node--) {
    for (const to of child.subarray(2 * node, 2 * node + 2)) {
      if (to === UNASSIGNED) continue;
      shortest[node] = Math.min(shortest[node], to >= 0 ? shortest[to] : runOf(~to));
    }
  }
  return shortest;
}
