/**
 * Keys and values of all sequences on the device: a variable each for a layer,
 * [slots, kvHeads, length, size]. They are written in place; all are as long as the longest sequence needs.
 */
import type { Dtype, GraphOutput } from '../../../../compute/graph/graph.ts';
import { headSize, type LlamaConfig } from '../../../model/config.ts';
import type { Ops } from './ops.ts';
import { addVariable, assign, type VariableType } from './variables.ts';

/** int32 [4]: the shape of an empty cache. */
export const SHAPE_FEED = 'cache/shape';
/** int32 [4, 2]: positions to add. */
export const PADDINGS_FEED = 'cache/paddings';
/** int32 [1] each: slots. */
export const COPY_FEEDS = { from: 'cache/from', to: 'cache/to' };

/** Where a step finds its new tokens' places. */
export interface CacheFeeds {
  /** Rows of [slots * kvHeads * length, size] that the new keys and values are written to. */
  places: GraphOutput;
  /** The part that is attended to: sequences, and all of the rest. */
  begin: GraphOutput;
  size: GraphOutput;
}

class CachedTensor {
  /** The nodes that empty it, lengthen it and copy a slot of it. */
  readonly empty: string;
  readonly grow: string;
  readonly copy: string;
  readonly #ops: Ops;
  readonly #type: VariableType;
  readonly #handle: GraphOutput;
  readonly #headSize: number;

  constructor(ops: Ops, name: string, dtype: VariableType, headSize: number, feeds: FeedNodes) {
    this.#ops = ops;
    this.#type = dtype;
    this.#headSize = headSize;
    this.#handle = addVariable(ops, name, dtype);
    const zero = ops.cast(ops.float(0), dtype);
    const typed = { T: { type: dtype } } as const;
    const zeros = ops.node('Fill', [feeds.shape, zero], dtype, {
      ...typed,
      index_type: { type: 'int32' },
    });
    this.empty = assign(ops, this.#handle, zeros);
    const padded = ops.node('PadV2', [this.#read(), feeds.paddings, zero], dtype, {
      ...typed,
      Tpaddings: { type: 'int32' },
    });
    this.grow = assign(ops, this.#handle, padded);
    const slot = ops.gather(this.#read(), feeds.from);
    this.copy = ops.node('InplaceUpdate', [this.#read(), feeds.to, slot], dtype, typed);
  }

  get handle(): GraphOutput {
    return this.#handle;
  }

  /** Writes rows [rows, kvHeads * size], and gives the part that is attended to. */
  with(rows: GraphOutput, shape: GraphOutput, { places, begin, size }: CacheFeeds): GraphOutput {
    const ops = this.#ops;
    const type = this.#type;
    const flat = ops.reshape(this.#read(), [-1, this.#headSize]);
    const added = ops.cast(ops.reshape(rows, [-1, this.#headSize]), type);
    const inputs = [flat, places, added];
    const written = ops.node('InplaceUpdate', inputs, type, { T: { type } });
    return ops.slice(ops.reshapeTo(written, shape), begin, size);
  }

  #read(): GraphOutput {
    const type = this.#type;
    return this.#ops.node('ReadVariableOp', [this.#handle], type, { dtype: { type } });
  }
}

interface FeedNodes {
  shape: GraphOutput;
  paddings: GraphOutput;
  from: GraphOutput;
  to: GraphOutput;
}

export class Cache {
  readonly layers: readonly { keys: CachedTensor; values: CachedTensor }[];
  readonly #ops: Ops;

  constructor(ops: Ops, config: LlamaConfig) {
    this.#ops = ops;
    const feeds = {
      shape: ops.placeholder(SHAPE_FEED, 'int32'),
      paddings: ops.placeholder(PADDINGS_FEED, 'int32'),
      from: ops.placeholder(COPY_FEEDS.from, 'int32'),
      to: ops.placeholder(COPY_FEEDS.to, 'int32'),
    };
    const tensor = (name: string, type: Dtype) =>
      new CachedTensor(ops, name, type as VariableType, headSize(config), feeds);
    this.layers = Array.from({ length: config.layers }, (_, layer) => ({
      keys: tensor(`cache/${layer}/keys`, ops.narrow),
      values: tensor(`cache/${layer}/values`, ops.traits.values),
    }));
  }

  get tensors(): CachedTensor[] {
    return this.layers.flatMap(({ keys, values }) => [keys, values]);
  }

  /** int32 [4], the shape of each. */
  shape(): GraphOutput {
    const handle = this.layers[0].keys.handle;
    return this.#ops.node('VariableShape', [handle], 'int32', { out_type: { type: 'int32' } });
  }
}
