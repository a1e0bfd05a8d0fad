/**
 * The DC difference of one block as a tree over bits (T.81 F.1.2.1): a Huffman code for the number
 * of value bits, then the value bits; those that begin with 0 are the negative differences.
 *
 * If DC values are limited, every difference has its own leaf, so that a prefix is refused as soon
 * as no difference below it stays in range. If they are not limited, only the number of remaining
 * bits matters, and all differences share one leaf.
 */
import type { HuffmanSpec } from '../tables.ts';
import { huffmanTree, soleCode, UNASSIGNED } from './tree.ts';
import { CODE_UNASSIGNED } from './verdict.ts';

/** Baseline differences have at most 11 bits (T.81 table F.1). */
const MAX_VALUE_BITS = 11;

export interface DcTree {
  /** Number of nodes inside the tree; larger indices are leaves. The root is 0. */
  readonly nodes: number;
  /** `next[2 * node + bit]` is a node, a leaf, or a negative verdict. */
  readonly next: Int16Array;
  /** For each node or leaf, the smallest difference >= 0 below it; `NO_UP` if there is none. */
  readonly up: Int16Array;
  /** For each node or leaf, the largest difference < 0 below it; `NO_DOWN` if there is none. */
  readonly down: Int16Array;
  /** For each node, the number of value bits left; 0 inside the Huffman code. */
  readonly bitsLeft: Uint8Array;
  /** For each node with value bits left, the lowest and the highest difference below it. */
  readonly low: Int16Array;
  readonly high: Int16Array;
  /** For each leaf, counted from `nodes`, its difference. */
  readonly difference: Int16Array;
}

const NO_UP = 32767;
const NO_DOWN = -32768;

interface Node {
  zero: number;
  one: number;
  bitsLeft: number;
  low: number;
  high: number;
}

/** @param limited whether DC values are limited, so that each difference has its own leaf */
export function dcTree(spec: HuffmanSpec, limited: boolean): DcTree {
  const { nodes: codeNodes, child } = huffmanTree(spec);
  const nodes: Node[] = [];
  const leaves: number[] = [];
  // While the tree grows, leaf i is numbered `LEAF + i`; the number of nodes is only known at
  // the end.
  const LEAF = 1 << 13;

  const addLeaf = (difference: number): number => LEAF + leaves.push(difference) - 1;

  /** Adds the differences with `bitsLeft` more bits after `prefix`, of `size` bits in total. */
  const addValues = (size: number, bitsLeft: number, prefix: number): number => {
    const low = differenceOf(size, prefix << bitsLeft);
    if (bitsLeft === 0) return addLeaf(low);
    const high = differenceOf(size, ((prefix + 1) << bitsLeft) - 1);
    const node: Node = { zero: 0, one: 0, bitsLeft, low, high };
    const index = nodes.push(node) - 1;
    node.zero = addValues(size, bitsLeft - 1, 2 * prefix);
    node.one = addValues(size, bitsLeft - 1, 2 * prefix + 1);
    return index;
  };

  for (let i = 0; i < codeNodes; i++) {
    nodes.push({ zero: child[2 * i], one: child[2 * i + 1], bitsLeft: 0, low: 0, high: 0 });
  }
  const sizes = Array.from({ length: MAX_VALUE_BITS + 1 }, () => -1);
  if (limited) {
    for (let size = 0; size < sizes.length; size++) sizes[size] = addValues(size, size, 0);
  } else {
    sizes[0] = addLeaf(0);
    for (let size = 1; size < sizes.length; size++) {
      const shorter = sizes[size - 1];
      sizes[size] =
        nodes.push({ zero: shorter, one: shorter, bitsLeft: size, low: 0, high: 0 }) - 1;
    }
  }
  for (const node of nodes.slice(0, codeNodes)) {
    if (node.zero < 0 && node.zero !== UNASSIGNED) node.zero = sizes[~node.zero];
    if (node.one < 0 && node.one !== UNASSIGNED) node.one = sizes[~node.one];
  }
  return flatten(nodes, leaves, (to) => {
    if (to === UNASSIGNED) return CODE_UNASSIGNED;
    return to >= LEAF ? nodes.length + to - LEAF : to;
  });
}

/** The tree of a block whose DC must equal that of the previous block. */
export function emptyDcTree(spec: HuffmanSpec): DcTree {
  const leaf = spec.counts.length;
  const next = soleCode(spec, 0, leaf);
  const nodes = next.length / 2;
  const none = new Int16Array(nodes);
  return {
    nodes,
    next: next.map((to) => (to === leaf ? nodes : to)),
    up: new Int16Array(nodes + 1),
    down: new Int16Array(nodes + 1).fill(NO_DOWN),
    bitsLeft: new Uint8Array(nodes),
    low: none,
    high: none,
    difference: Int16Array.of(0),
  };
}

/** T.81 table F.1: the upper half of the `size`-bit patterns are the positive values. */
function differenceOf(size: number, pattern: number): number {
  if (size === 0) return 0;
  return pattern >> (size - 1) === 1 ? pattern : pattern - (1 << size) + 1;
}

function flatten(nodes: Node[], leaves: number[], indexOf: (to: number) => number): DcTree {
  const total = nodes.length + leaves.length;
  const up = new Int16Array(total).fill(NO_UP);
  const down = new Int16Array(total).fill(NO_DOWN);
  leaves.forEach((difference, leaf) => {
    (difference >= 0 ? up : down)[nodes.length + leaf] = difference;
  });
  const next = Int16Array.from(nodes.flatMap(({ zero, one }) => [indexOf(zero), indexOf(one)]));

  const visit = (index: number): void => {
    for (const to of next.subarray(2 * index, 2 * index + 2)) {
      if (to < 0) continue;
      if (to < nodes.length) visit(to);
      up[index] = Math.min(up[index], up[to]);
      down[index] = Math.max(down[index], down[to]);
    }
  };
  visit(0);
  return {
    nodes: nodes.length,
    next,
    up,
    down,
    bitsLeft: Uint8Array.from(nodes, (node) => node.bitsLeft),
    low: Int16Array.from(nodes, (node) => node.low),
    high: Int16Array.from(nodes, (node) => node.high),
    difference: Int16Array.from(leaves),
  };
}
