/**
 * The graph of a Llama that decodes many sequences at once (model/llama.ts has the same in tensors).
 * It has two entrances: `decode` reads one token of each sequence, `prompt` many tokens of one.
 */
import { GraphBuilder, type GraphOutput } from '../../../../compute/graph/graph.ts';
import { headSize, type LlamaConfig } from '../../../model/config.ts';
import { Cache } from './cache.ts';
import { type GraphTraits, Ops } from './ops.ts';
import { ROTATIONS, Variables } from './variables.ts';

/** What an entrance is fed with, each int32; names begin with that of the entrance. */
export const FEEDS = ['ids', 'positions', 'places', 'begin', 'size', 'wanted'] as const;
/** fp32 [wanted, vocabSize] */
export const LOGITS = 'logits';

export type Entrance = 'decode' | 'prompt';

/** Added to the scores of positions that a token does not see. */
const UNSEEN = -1e30;

export interface DecoderGraph {
  graph: Uint8Array;
  variables: Variables;
  cache: Cache;
}

export function buildGraph(config: LlamaConfig, traits: GraphTraits): DecoderGraph {
  const graph = new GraphBuilder();
  const ops = new Ops(graph, traits);
  const variables = new Variables(ops, config);
  const cache = new Cache(ops, config);
  for (const entrance of ['decode', 'prompt'] as const) {
    graph.within(entrance, () => new Step(ops, config, variables, cache, entrance).build());
  }
  return { graph: graph.finish(), variables, cache };
}

class Step {
  readonly #ops: Ops;
  readonly #config: LlamaConfig;
  readonly #variables: Variables;
  readonly #cache: Cache;
  readonly #isPrompt: boolean;
  readonly #feeds: Readonly<Record<(typeof FEEDS)[number], GraphOutput>>;
  /** int32 [4] and [1]: the shape of keys and values, and their length. */
  readonly #cacheShape: GraphOutput;
  readonly #length: GraphOutput;

  constructor(
    ops: Ops,
    config: LlamaConfig,
    variables: Variables,
    cache: Cache,
    entrance: Entrance,
  ) {
    this.#ops = ops;
    this.#config = config;
    this.#variables = variables;
    this.#cache = cache;
    this.#isPrompt = entrance === 'prompt';
    const feeds = FEEDS.map((name) => [name, ops.placeholder(name, 'int32')]);
    this.#feeds = Object.fromEntries(feeds);
    this.#cacheShape = cache.shape();
    this.#length = ops.slice(this.#cacheShape, ops.ints(2), ops.ints(1));
  }

  build(): void {
    const ops = this.#ops;
    const { ids, positions, wanted } = this.#feeds;
    const { layers, tieEmbeddings, normEps } = this.#config;
    const turns = this.#turns(positions);
    const mask = this.#mask(positions);
    let x = ops.gather(this.#read('model.embed_tokens'), ids); // [rows, hidden]
    for (let layer = 0; layer < layers; layer++) {
      ops.graph.within(`layer${layer}`, () => {
        x = ops.binary('AddV2', x, this.#attention(layer, x, turns, mask));
        x = ops.binary('AddV2', x, this.#feedForward(layer, x));
      });
    }
    const last = ops.rmsNorm(ops.gather(x, wanted), this.#read('model.norm'), normEps);
    const head = this.#read(tieEmbeddings ? 'model.embed_tokens' : 'lm_head');
    ops.product(last, head, tieEmbeddings, LOGITS);
  }

  /** complex64 [rows, 1, size / 2] */
  #turns(positions: GraphOutput): GraphOutput {
    const half = headSize(this.#config) / 2;
    const rows = this.#ops.gather(this.#read(ROTATIONS), positions);
    return this.#ops.reshape(rows, [-1, 1, half]);
  }

  /** 0 where a row sees a position: [rows, 1, 1, length], of a prompt [1, rows, 1, length]. */
  #mask(positions: GraphOutput): GraphOutput {
    const ops = this.#ops;
    const [zero, one] = [0, 1].map((value) => ops.constant('int32', [], [value]));
    const length = ops.reshape(this.#length, []);
    const all = ops.node('Range', [zero, length, one], 'int32', { Tidx: { type: 'int32' } });
    const rows = ops.reshape(positions, this.#isPrompt ? [1, -1, 1, 1] : [-1, 1, 1, 1]);
    const isSeen = ops.node('LessEqual', [all, rows], 'bool', { T: { type: 'int32' } });
    const values = [isSeen, ops.float(0), ops.float(UNSEEN)];
    return ops.node('SelectV2', values, 'float32', { T: { type: 'float32' } });
  }

  #attention(layer: number, x: GraphOutput, turns: GraphOutput, mask: GraphOutput): GraphOutput {
    const ops = this.#ops;
    const { heads, kvHeads, normEps } = this.#config;
    const size = headSize(this.#config);
    const at = `model.layers.${layer}`;
    const h = ops.rmsNorm(x, this.#read(`${at}.input_layernorm`), normEps);
    const factor = ops.cast(h, ops.narrow);
    const projection = (name: string) => this.#linear(factor, `${at}.self_attn.${name}_proj`);
    const turned = (name: 'q' | 'k', heads: number) => {
      const normed = this.#headNorm(`${at}.self_attn.${name}_norm`, projection(name), heads);
      return ops.turn(normed, turns, heads, size);
    };
    const queries = ops.binary('Mul', turned('q', heads), ops.float(1 / Math.sqrt(size)));
    const { keys, values } = this.#cache.layers[layer];
    const k = keys.with(turned('k', kvHeads), this.#cacheShape, this.#feeds);
    const v = values.with(projection('v'), this.#cacheShape, this.#feeds);
    const scores = ops.wide(ops.batchProduct(this.#byHead(queries), k, true));
    const seen = ops.binary('AddV2', this.#byPosition(scores), mask);
    const shares = ops.unary('Softmax', seen);
    const y = ops.batchProduct(this.#byHeadAgain(shares), v, false);
    return this.#linear(this.#byRow(y), `${at}.self_attn.o_proj`);
  }

  #feedForward(layer: number, x: GraphOutput): GraphOutput {
    const ops = this.#ops;
    const at = `model.layers.${layer}`;
    const normed = ops.rmsNorm(
      x,
      this.#read(`${at}.post_attention_layernorm`),
      this.#config.normEps,
    );
    const h = ops.cast(normed, ops.narrow);
    const gate = this.#linear(h, `${at}.mlp.gate_proj`);
    const up = this.#linear(h, `${at}.mlp.up_proj`);
    const silu = ops.binary('Mul', gate, ops.unary('Sigmoid', gate));
    return this.#linear(ops.binary('Mul', silu, up), `${at}.mlp.down_proj`);
  }

  /** See `#headNorm` in model/llama.ts. */
  #headNorm(name: string, x: GraphOutput, heads: number): GraphOutput {
    if (!this.#config.qkNorm) return x;
    const size = headSize(this.#config);
    const rows = this.#ops.reshape(x, [-1, heads, size]);
    return this.#ops.rmsNorm(rows, this.#read(name), this.#config.normEps);
  }

  /** [rows, heads * size] -> [sequences, kvHeads, rows that share a key, size] */
  #byHead(x: GraphOutput): GraphOutput {
    const ops = this.#ops;
    const { heads, kvHeads } = this.#config;
    const size = headSize(this.#config);
    const grouped = ops.reshape(x, [-1, kvHeads, heads / kvHeads, size]);
    if (!this.#isPrompt) return grouped;
    return ops.reshape(ops.transpose(grouped, [1, 0, 2, 3]), [1, kvHeads, -1, size]);
  }

  /** The inverse, for what attention gives. */
  #byRow(x: GraphOutput): GraphOutput {
    const ops = this.#ops;
    const { heads, kvHeads, hiddenSize } = this.#config;
    if (!this.#isPrompt) return ops.reshape(x, [-1, hiddenSize]);
    const grouped = ops.reshape(x, [kvHeads, -1, heads / kvHeads, headSize(this.#config)]);
    return ops.reshape(ops.transpose(grouped, [1, 0, 2, 3]), [-1, hiddenSize]);
  }

  /** Scores of a prompt as [kvHeads, rows, queries of a key, length]: rows see different positions. */
  #byPosition(scores: GraphOutput): GraphOutput {
    if (!this.#isPrompt) return scores;
    const { heads, kvHeads } = this.#config;
    return this.#withLength(scores, kvHeads, -1, heads / kvHeads);
  }

  #byHeadAgain(shares: GraphOutput): GraphOutput {
    return this.#isPrompt ? this.#withLength(shares, 1, this.#config.kvHeads, -1) : shares;
  }

  #withLength(x: GraphOutput, ...leading: number[]): GraphOutput {
    const ops = this.#ops;
    return ops.reshapeTo(x, ops.concat(ops.ints(...leading), this.#length));
  }

  /** A layer without bias. Prompts do without the copies of packed products. */
  #linear(x: GraphOutput, name: string): GraphOutput {
    const ops = this.#ops;
    const matrix = this.#read(name);
    if (this.#isPrompt || !ops.traits.packs) return ops.product(x, matrix);
    return ops.packedProduct(x, matrix, this.#variables.outputs.get(name)!);
  }

  #read(name: string): GraphOutput {
    return this.#variables.read(name);
  }
}
