/** A trie of the symbol strings of a vocabulary; strings that begin alike share nodes. */
import type { Symbols } from '../alphabet.ts';

/**
 * The nodes of a trie without its root: parents before children, siblings in order. A walk goes
 * through the arrays in order; skipping a subtree is a jump.
 */
export interface Trie {
  readonly nodes: number;
  /**
   * For each node: its symbol, its distance from the root (>= 1), and the node after its subtree.
   */
  readonly symbol: Uint16Array;
  readonly depth: Uint16Array;
  readonly skip: Int32Array;
  /** Ids whose symbols end at node i: `ids[firstId[i]]` up to `ids[firstId[i + 1]]`. Two tokens may have equal symbols. */
  readonly firstId: Int32Array;
  readonly ids: Int32Array;
  /** Number of symbols of the longest token. */
  readonly longest: number;
}

interface Branch {
  readonly children: Map<number, Branch>;
  readonly ids: number[];
}

/** @param tokens id and symbols of each token; the symbols are not empty */
export function buildTrie(tokens: Iterable<readonly [id: number, symbols: Symbols]>): Trie {
  const root: Branch = { children: new Map(), ids: [] };
  for (const [id, symbols] of tokens) {
    let branch = root;
    for (const value of symbols) {
      let child = branch.children.get(value);
      if (child === undefined)
        branch.children.set(value, (child = { children: new Map(), ids: [] }));
      branch = child;
    }
    branch.ids.push(id);
  }

  const symbol: number[] = [];
  const depth: number[] = [];
  const skip: number[] = [];
  const firstId: number[] = [];
  const ids: number[] = [];
  const place = (parent: Branch, level: number): void => {
    for (const value of [...parent.children.keys()].sort((a, b) => a - b)) {
      const node = symbol.push(value) - 1;
      const branch = parent.children.get(value)!;
      depth.push(level);
      firstId.push(ids.length);
      ids.push(...branch.ids);
      place(branch, level + 1);
      skip[node] = symbol.length;
    }
  };
  place(root, 1);
  firstId.push(ids.length);
  return {
    nodes: symbol.length,
    symbol: Uint16Array.from(symbol),
    depth: Uint16Array.from(depth),
    skip: Int32Array.from(skip),
    firstId: Int32Array.from(firstId),
    ids: Int32Array.from(ids),
    longest: depth.reduce((a, b) => Math.max(a, b), 0),
  };
}

/**
 * The subtrees of some nodes, with the paths to them: a trie of the tokens that end in these
 * subtrees.
 * @param roots ascending, none in the subtree of another
 */
export function selectNodes(trie: Trie, roots: readonly number[]): Trie {
  const kept: number[] = [];
  const path: number[] = [];
  let next = 0;
  for (const root of roots) {
    // Parents come before children: the ancestors of the root are the last nodes seen at each
    // smaller depth.
    for (; next <= root; next++) {
      path.length = trie.depth[next] - 1;
      path.push(next);
    }
    for (const parent of path) if (parent > (kept.at(-1) ?? -1)) kept.push(parent);
    for (; next < trie.skip[root]; next++) kept.push(next);
  }
  const isRooted = new Set(roots);
  return compact(trie, kept, isRooted);
}

/**
 * @param kept nodes to keep, ascending; nodes outside of the subtrees of `roots` lose their ids
 */
function compact(trie: Trie, kept: readonly number[], roots: ReadonlySet<number>): Trie {
  const firstId: number[] = [];
  const ids: number[] = [];
  const skip = new Int32Array(kept.length);
  let end = 0;
  for (const [i, node] of kept.entries()) {
    if (roots.has(node)) end = trie.skip[node];
    firstId.push(ids.length);
    if (node < end) {
      for (let k = trie.firstId[node]; k < trie.firstId[node + 1]; k++) ids.push(trie.ids[k]);
    }
    let after = i + 1;
    while (after < kept.length && kept[after] < trie.skip[node]) after++;
    skip[i] = after;
  }
  firstId.push(ids.length);
  return {
    nodes: kept.length,
    symbol: Uint16Array.from(kept, (node) => trie.symbol[node]),
    depth: Uint16Array.from(kept, (node) => trie.depth[node]),
    skip,
    firstId: Int32Array.from(firstId),
    ids: Int32Array.from(ids),
    longest: trie.longest,
  };
}
