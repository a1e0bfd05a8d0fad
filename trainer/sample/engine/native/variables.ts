/** Weights on the device, and the nodes that write them there. */
import type { GraphOutput } from '../../../../compute/graph/graph.ts';
import { headSize, type LlamaConfig, parameterShapes } from '../../../model/config.ts';
import type { Ops } from './ops.ts';

/** fp32 [out, in] of a matrix as the checkpoint has it, or all of another weight. */
export const WEIGHT_FEED = 'weight';
/** Cosines and sines of all positions, fp32 [positions, size / 2, 2]. */
export const ROTATIONS = 'rotations';

export type VariableType = 'float32' | 'bfloat16' | 'complex64';

export class Variables {
  /** Nodes that write a weight from `WEIGHT_FEED`, by its name. */
  readonly writers = new Map<string, string>();
  /** Outputs of each matrix. */
  readonly outputs = new Map<string, number>();
  readonly #ops: Ops;
  readonly #handles = new Map<string, { handle: GraphOutput; dtype: VariableType }>();

  constructor(ops: Ops, config: LlamaConfig) {
    this.#ops = ops;
    const fed = ops.placeholder(WEIGHT_FEED, 'float32');
    for (const [key, shape] of parameterShapes(config)) {
      const name = key.replace(/\.weight$/, '');
      const heads = headsOf(name, config);
      this.outputs.set(name, shape[0]);
      // Few numbers, and those that decide about tokens most directly: as exact as they are.
      const isWide = shape.length === 1 || name === 'model.embed_tokens' || name === 'lm_head';
      const dtype = isWide ? 'float32' : ops.narrow;
      const ordered = heads === undefined ? fed : this.#pairUp(fed, heads, shape);
      const turned =
        shape.length === 1 || dtype === 'bfloat16' || name === 'model.embed_tokens'
          ? ordered
          : ops.transpose(ordered, [1, 0]);
      this.#add(name, ops.cast(turned, dtype));
    }
    this.#add(ROTATIONS, ops.bitcast(fed, 'complex64'));
  }

  read(name: string): GraphOutput {
    const { handle, dtype } = this.#handles.get(name)!;
    return this.#ops.node('ReadVariableOp', [handle], dtype, { dtype: { type: dtype } });
  }

  #add(name: string, value: GraphOutput): void {
    const dtype = this.#ops.typeOf(value) as VariableType;
    const handle = addVariable(this.#ops, name, dtype);
    this.#handles.set(name, { handle, dtype });
    this.writers.set(name, assign(this.#ops, handle, value));
  }

  /**
   * Rotations turn the pairs (i, i + size / 2) of a head: they become neighbours. Products of queries and keys
   * stay, as both are ordered alike.
   */
  #pairUp(fed: GraphOutput, heads: number, shape: readonly number[]): GraphOutput {
    const size = shape[0] / heads;
    const rest = shape.length === 1 ? 1 : shape[1];
    const split = this.#ops.reshape(fed, [heads, 2, size / 2, rest]);
    return this.#ops.reshape(this.#ops.transpose(split, [0, 2, 1, 3]), shape);
  }
}

export function addVariable(ops: Ops, name: string, dtype: VariableType): GraphOutput {
  const attributes = {
    dtype: { type: dtype },
    shape: { shape: undefined },
    shared_name: { string: name },
  } as const;
  return ops.node('VarHandleOp', [], 'resource', attributes, name);
}

/** @returns the node that writes the value */
export function assign(ops: Ops, handle: GraphOutput, value: GraphOutput): string {
  const attributes = { dtype: { type: ops.typeOf(value) } };
  return ops.node('AssignVariableOp', [handle, value], 'resource', attributes);
}

/** Number of heads of what is rotated. */
function headsOf(name: string, { heads, kvHeads }: LlamaConfig): number | undefined {
  if (/q_proj$/.test(name)) return heads;
  if (/k_proj$/.test(name)) return kvHeads;
  return /[qk]_norm$/.test(name) ? 1 : undefined;
}

/** @returns [positions, size / 2, 2]: cosines and sines; see ops/rope.ts */
export function rotations(config: LlamaConfig, positions: number): Float32Array {
  const half = headSize(config) / 2;
  const values = new Float32Array(2 * positions * half);
  for (let i = 0; i < half; i++) {
    const frequency = config.ropeTheta ** (-i / half);
    for (let position = 0; position < positions; position++) {
      const at = 2 * (position * half + i);
      values[at] = Math.cos(position * frequency);
      values[at + 1] = Math.sin(position * frequency);
    }
  }
  return values;
}
