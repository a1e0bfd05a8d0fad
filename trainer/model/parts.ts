/** A model in the parts that a pass goes through, one after the other, each with its weights. */
import type { Backend } from '../../compute/choose.ts';
import type { RopeTable } from '../ops/rope.ts';
import type { NamedTensors } from './block.ts';
import { type LlamaConfig, parameterShapes } from './config.ts';

/** A block by its number; the output is the last norm and the output layer. */
export type ModelPart = 'embedding' | number | 'output';

/** A model whose weights are asked for part by part: they may have to come from other ranks. */
export interface Trainable {
  readonly backend: Backend;
  readonly config: LlamaConfig;
  /** Whether all ranks have to open the same parts in the same order. */
  readonly isCollective: boolean;
  /**
   * The weights of a part; they may be used until `close`. Opening an open part gives the same.
   * @param next the part that will be opened after this one, so that its weights can be on their way
   */
  open(part: ModelPart, next?: ModelPart): NamedTensors | Promise<NamedTensors>;
  close(part: ModelPart): void;
  /** The rotary table of positions 0 to `time` - 1. */
  rope(time: number): RopeTable;
}

/** Names and shapes of each part's weights. Parts and names are in the order of the computation. */
export function partsOf(config: LlamaConfig): Map<ModelPart, Map<string, number[]>> {
  const parts = new Map<ModelPart, Map<string, number[]>>();
  for (const [name, shape] of parameterShapes(config)) {
    const part = partOf(name);
    const shapes = parts.get(part) ?? new Map<string, number[]>();
    parts.set(part, shapes.set(name, shape));
  }
  return parts;
}

function partOf(name: string): ModelPart {
  const layer = name.match(/^model\.layers\.(\d+)\./)?.[1];
  if (layer !== undefined) return Number(layer);
  return name.startsWith('model.embed_tokens') ? 'embedding' : 'output';
}
