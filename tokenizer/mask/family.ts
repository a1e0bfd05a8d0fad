/**
 * The masks of all states that differ only in a grammar's unknown numbers. A family has the tokens
 * that all of these states allow, and the tokens that depend on a condition. The mask of one state
 * is made from them in a microsecond, without walking the vocabulary.
 */
import type { Condition, Grammar, Sight, Walk } from './grammar.ts';
import { selectNodes, type Trie } from './trie.ts';

export interface MaskFamily {
  /** Bits of the tokens that are allowed whatever the numbers are. Shape: [words]. */
  readonly always: Uint32Array;
  readonly cases: readonly Case[];
  /**
   * The tokens that lead out of sight: the grammar is asked about them for each state. undefined if
   * there are none.
   */
  readonly open?: Trie;
}

/** The tokens that are allowed on one condition. */
interface Case {
  readonly condition: Condition;
  readonly ids: number[];
}

/** Makes the family of a state. Without unknowns it is a single mask. */
export function walkFamily<State>(
  grammar: Grammar<State>,
  state: State,
  trie: Trie,
  words: number,
): MaskFamily {
  const always = new Uint32Array(words);
  const cases = new Map<number, Case>();
  const walk = grammar.unknowns ? grammar.unknowns.walk(state) : new PlainWalk(grammar, state);
  const { nodes, symbol, depth, skip, firstId, ids } = trie;
  for (let node = 0; node < nodes; ) {
    const level = depth[node];
    if (!walk.step(level, symbol[node])) {
      node = skip[node];
      continue;
    }
    const first = firstId[node];
    const end = firstId[++node];
    if (first === end) continue;
    const condition = walk.condition(level);
    if (condition === undefined) {
      for (let i = first; i < end; i++) always[ids[i] >> 5] |= 1 << (ids[i] & 31);
      continue;
    }
    let group = cases.get(condition.key);
    if (group === undefined) cases.set(condition.key, (group = { condition, ids: [] }));
    for (let i = first; i < end; i++) group.ids.push(ids[i]);
  }
  return { always, cases: [...cases.values()] };
}

/** Makes the family of a state in sight; tokens that lead to places out of sight are left open. */
export function walkSight<State>(
  grammar: Grammar<State>,
  sight: Sight<State>,
  state: State,
  trie: Trie,
  words: number,
): MaskFamily {
  const always = new Uint32Array(words);
  const walk = new PlainWalk(grammar, state);
  const { nodes, symbol, depth, skip, firstId, ids } = trie;
  const open: number[] = [];
  for (let node = 0; node < nodes; ) {
    const level = depth[node];
    if (!walk.step(level, symbol[node])) {
      node = skip[node];
    } else if (!sight.isIn(walk.at(level))) {
      open.push(node);
      node = skip[node];
    } else {
      const first = firstId[node];
      const end = firstId[++node];
      for (let i = first; i < end; i++) always[ids[i] >> 5] |= 1 << (ids[i] & 31);
    }
  }
  return { always, cases: [], open: open.length === 0 ? undefined : selectNodes(trie, open) };
}

/** Makes the mask of one state of a family. */
export function maskOf<State>(
  { always, cases }: MaskFamily,
  { unknowns }: Grammar<State>,
  state: State,
): Uint32Array {
  if (unknowns === undefined || cases.length === 0) return always;
  const mask = always.slice();
  const numbers = unknowns.numbersOf(state);
  for (const { condition, ids } of cases) {
    if (!condition.holds(numbers)) continue;
    for (const id of ids) mask[id >> 5] |= 1 << (id & 31);
  }
  return mask;
}

/** A walk of a grammar without unknowns. */
class PlainWalk<State> implements Walk {
  readonly #grammar: Grammar<State>;
  readonly #path: State[];

  constructor(grammar: Grammar<State>, start: State) {
    this.#grammar = grammar;
    this.#path = [start];
  }

  step(depth: number, symbol: number): boolean {
    const after = this.#grammar.next(this.#path[depth - 1], symbol);
    if (after === undefined) return false;
    this.#path[depth] = after;
    return true;
  }

  /** The state after the first `depth` symbols. */
  at(depth: number): State {
    return this.#path[depth];
  }

  condition(): undefined {
    return undefined;
  }
}
