/** Nodes of the decoder's graph, with the type of each output, so that casts stand only where types differ. */
import type {
  Attribute,
  Dtype,
  GraphBuilder,
  GraphOutput,
} from '../../../../compute/graph/graph.ts';

/** Number formats in which this engine holds matrices, keys and values. */
export type NativeWeights = 'fp32' | 'bf16';

/** How a graph is made for its device. */
export interface GraphTraits {
  weights: NativeWeights;
  /**
   * Type of values. TensorFlow's product of a single bf16 row with them takes longer on CPUs than that of an fp32
   * row, half the bytes notwithstanding.
   */
  values: Dtype;
  /** Whether `packedProduct` runs there, and its copies of weights have room. */
  packs: boolean;
}

const INDEX = { type: 'int32' } as const;

export class Ops {
  readonly graph: GraphBuilder;
  /** The type of matrices and keys. */
  readonly narrow: Dtype;
  readonly traits: GraphTraits;
  readonly #types = new Map<GraphOutput, Dtype>();

  constructor(graph: GraphBuilder, traits: GraphTraits) {
    this.graph = graph;
    this.traits = traits;
    this.narrow = traits.weights === 'bf16' ? 'bfloat16' : 'float32';
  }

  /** Adds a node whose first output is of that type. */
  node(
    op: string,
    inputs: readonly GraphOutput[],
    dtype: Dtype,
    attributes: Readonly<Record<string, Attribute>> = {},
    name?: string,
  ): GraphOutput {
    const output = this.graph.node(op, inputs, attributes, name);
    this.#types.set(output, dtype);
    return output;
  }

  typeOf(x: GraphOutput): Dtype {
    return this.#types.get(x)!;
  }

  placeholder(name: string, dtype: 'float32' | 'int32'): GraphOutput {
    const output = this.graph.placeholder(name, dtype);
    this.#types.set(output, dtype);
    return output;
  }

  cast(x: GraphOutput, to: Dtype): GraphOutput {
    const from = this.typeOf(x);
    if (from === to) return x;
    return this.node('Cast', [x], to, { SrcT: { type: from }, DstT: { type: to } });
  }

  wide(x: GraphOutput): GraphOutput {
    return this.cast(x, 'float32');
  }

  constant(
    dtype: 'float32' | 'int32',
    shape: readonly number[],
    values: readonly number[],
  ): GraphOutput {
    const output = this.graph.constant(dtype, shape, values);
    this.#types.set(output, dtype);
    return output;
  }

  ints(...values: number[]): GraphOutput {
    return this.constant('int32', [values.length], values);
  }

  float(value: number): GraphOutput {
    return this.constant('float32', [], [value]);
  }

  reshape(x: GraphOutput, shape: readonly number[]): GraphOutput {
    return this.reshapeTo(x, this.ints(...shape));
  }

  reshapeTo(x: GraphOutput, shape: GraphOutput): GraphOutput {
    const dtype = this.typeOf(x);
    return this.node('Reshape', [x, shape], dtype, { T: { type: dtype }, Tshape: INDEX });
  }

  /** Vectors of int32, one after the other. */
  concat(...parts: GraphOutput[]): GraphOutput {
    const axis = this.constant('int32', [], [0]);
    const attributes = { N: { int: parts.length }, T: INDEX, Tidx: INDEX };
    return this.node('ConcatV2', [...parts, axis], 'int32', attributes);
  }

  transpose(x: GraphOutput, order: readonly number[]): GraphOutput {
    const dtype = this.typeOf(x);
    const attributes = { T: { type: dtype }, Tperm: INDEX };
    return this.node('Transpose', [x, this.ints(...order)], dtype, attributes);
  }

  /** Rows of a table. */
  gather(table: GraphOutput, rows: GraphOutput): GraphOutput {
    const dtype = this.typeOf(table);
    const axis = this.constant('int32', [], [0]);
    const attributes = { Tparams: { type: dtype }, Tindices: INDEX, Taxis: INDEX };
    return this.node('GatherV2', [table, rows, axis], dtype, attributes);
  }

  slice(x: GraphOutput, begin: GraphOutput, size: GraphOutput): GraphOutput {
    const dtype = this.typeOf(x);
    return this.node('Slice', [x, begin, size], dtype, { T: { type: dtype }, Index: INDEX });
  }

  bitcast(x: GraphOutput, to: Dtype): GraphOutput {
    return this.node('Bitcast', [x], to, { T: { type: this.typeOf(x) }, type: { type: to } });
  }

  /** An op of two operands of one type, element by element; shapes are broadcast. */
  binary(op: 'AddV2' | 'Mul', a: GraphOutput, b: GraphOutput): GraphOutput {
    const dtype = this.typeOf(a);
    return this.node(op, [a, b], dtype, { T: { type: dtype } });
  }

  unary(op: 'Square' | 'Rsqrt' | 'Sigmoid' | 'Softmax', x: GraphOutput): GraphOutput {
    const dtype = this.typeOf(x);
    return this.node(op, [x], dtype, { T: { type: dtype } });
  }

  /** x W for a matrix as `Variables` keeps it: fp32 [in, out], bf16 [out, in], each as its product is fastest. */
  product(
    x: GraphOutput,
    matrix: GraphOutput,
    transposed = this.typeOf(matrix) === 'bfloat16',
    name?: string,
  ): GraphOutput {
    const dtype = this.typeOf(matrix);
    const attributes = { T: { type: dtype }, transpose_b: { bool: transposed } };
    return this.wide(this.node('MatMul', [this.cast(x, dtype), matrix], dtype, attributes, name));
  }

  /**
   * As `product`, for bf16 [out, in], by oneDNN's kernel of graphs whose weights are constants: it keeps a copy in the
   * order that it multiplies in.
   */
  packedProduct(x: GraphOutput, matrix: GraphOutput, outputs: number): GraphOutput {
    const type = this.typeOf(matrix);
    const zeros = this.constant('float32', [outputs], new Array(outputs).fill(0));
    const inputs = [this.cast(x, type), matrix, this.cast(zeros, type)];
    const attributes = {
      T: { type },
      transpose_b: { bool: true },
      num_args: { int: 1 },
      fused_ops: { strings: ['BiasAdd'] },
      is_filter_const: { bool: true },
      // The label under which TensorFlow has registered it.
      _kernel: { string: 'MklNameChangeOp' },
    };
    // Names do not begin with an underscore, as those of its own ops do.
    return this.wide(this.node('_MklNativeFusedMatMul', inputs, type, attributes, 'PackedProduct'));
  }

  /** The products of the last two dimensions. */
  batchProduct(a: GraphOutput, b: GraphOutput, transposed: boolean): GraphOutput {
    const dtype = this.typeOf(b);
    const attributes = { T: { type: dtype }, adj_y: { bool: transposed } };
    return this.node('BatchMatMulV2', [this.cast(a, dtype), b], dtype, attributes);
  }

  /** See ops/rms-norm.ts. */
  rmsNorm(x: GraphOutput, weight: GraphOutput, epsilon: number): GraphOutput {
    const attributes = { T: { type: 'float32' }, Tidx: INDEX, keep_dims: { bool: true } } as const;
    const axis = this.constant('int32', [], [-1]);
    const mean = this.node('Mean', [this.unary('Square', x), axis], 'float32', attributes);
    const r = this.unary('Rsqrt', this.binary('AddV2', mean, this.float(epsilon)));
    return this.binary('Mul', this.binary('Mul', x, r), weight);
  }

  /**
   * Rotates pairs of neighbours, as complex numbers.
   * @param x [rows, heads * size]
   * @param turns complex64 [rows, 1, size / 2]
   */
  turn(x: GraphOutput, turns: GraphOutput, heads: number, size: number): GraphOutput {
    const pairs = this.bitcast(this.reshape(x, [-1, heads, size / 2, 2]), 'complex64');
    const turned = this.bitcast(this.binary('Mul', pairs, turns), 'float32');
    return this.reshape(turned, [-1, heads * size]);
  }
}
