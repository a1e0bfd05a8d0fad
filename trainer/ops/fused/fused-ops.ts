/** The ops that fused functions are made of: TensorFlow's products, and this project's kernels (compute/kernels). */
import type { Tensor } from '@tensorflow/tfjs';
import type { Binding, OpAttr } from '../../../compute/binding.ts';
import type { NativeOps } from '../../../compute/native.ts';
import { BFLOAT16 } from '../bf16.ts';
import { type Handle, Handles } from '../handles.ts';
import type { Precision } from '../linear.ts';
import type { Transposes } from '../wasm/heap-product.ts';

/** How rows of the residual stream become heads. */
export interface HeadLayout {
  batch: number;
  heads: number;
  /** Query heads that share a key head. */
  queriesPerKey: number;
  /** Queries of a block. */
  block: number;
  blocks: number;
  /** Factor of all numbers. */
  scale: number;
}

export class FusedOps extends Handles {
  readonly #binding: Binding;
  /** Type of the factors of products. */
  readonly #type: number;
  /** Tensors of nothing, for inputs that are left out. */
  readonly #nothing: { float: Handle; int: Handle };

  constructor(native: NativeOps, precision: Precision, nothing: { float: Tensor; int: Tensor }) {
    super(native);
    this.#binding = native.binding;
    this.#type = precision === 'bf16' ? BFLOAT16 : native.binding.TF_FLOAT;
    this.#nothing = { float: this.of(nothing.float), int: this.of(nothing.int) };
  }

  /** A matrix as a factor of products, in their type. */
  factor(x: Handle): Handle {
    return this.#cast(x, this.#type);
  }

  /** The fp32 numbers of a result. */
  wide(x: Handle): Handle {
    return this.#cast(x, this.#binding.TF_FLOAT);
  }

  /** [m, k] x [k, n] -> [m, n] in the type of the factors */
  product(a: Handle, b: Handle, { a: adjA = false, b: adjB = false }: Transposes = {}): Handle {
    const flags = [this.#flag('transpose_a', adjA), this.#flag('transpose_b', adjB)];
    return this.run('MatMul', [this.#typed('T', a.dtype), ...flags], [a, b], 1)[0];
  }

  /** [batch, m, k] x [batch, k, n] -> [batch, m, n], fp32 */
  batchProduct(a: Handle, b: Handle, { a: adjA = false, b: adjB = false }: Transposes = {}) {
    const flags = [this.#flag('adj_x', adjA), this.#flag('adj_y', adjB)];
    const type = this.#typed('T', this.#binding.TF_FLOAT);
    return this.run('BatchMatMulV2', [type, ...flags], [a, b], 1)[0];
  }

  /** @returns the norm as a factor, and 1 / root mean square of each row */
  rmsNorm(x: Handle, weight: Handle, epsilon: number): [y: Handle, r: Handle] {
    const attrs = [this.#typed('T', this.#type), this.#real('epsilon', epsilon)];
    return this.run('CodecLmRmsNorm', attrs, [x, weight], 2) as [Handle, Handle];
  }

  /**
   * @param dys parts of the gradient of the norm's output, which are summed
   * @param skip gradient of x by the way past the norm
   */
  rmsNormGrad(dys: readonly Handle[], x: Handle, weight: Handle, r: Handle, skip: Handle) {
    const attrs = [this.#typed('T', this.#type), this.#whole('N', dys.length)];
    const inputs = [...dys, x, weight, r, skip];
    return this.run('CodecLmRmsNormGrad', attrs, inputs, 2) as [dx: Handle, dweight: Handle];
  }

  swiglu(gate: Handle, up: Handle): Handle {
    return this.run('CodecLmSwiglu', [this.#typed('T', this.#type)], [gate, up], 1)[0];
  }

  swigluGrad(dy: Handle, gate: Handle, up: Handle) {
    const results = this.run(
      'CodecLmSwigluGrad',
      [this.#typed('T', this.#type)],
      [dy, gate, up],
      3,
    );
    return results as [dgate: Handle, dup: Handle, y: Handle];
  }

  /** x + change, of fp32 and of the type of a product. */
  residual(x: Handle, change: Handle): Handle {
    return this.run('CodecLmResidual', [this.#typed('T', this.#type)], [x, change], 1)[0];
  }

  /**
   * [rows, heads * size] -> blocks of queries, each [groups, queriesPerKey * rows, size] in fp32
   * @param angles cosines and sines of the rotation, if there is one
   */
  splitHeads(x: Handle, layout: HeadLayout, angles: readonly Handle[] = []): Handle[] {
    const inputs = [x, ...this.#angles(angles)];
    return this.run('CodecLmSplitHeads', this.#layout(layout), inputs, layout.blocks);
  }

  /** The reverse, with the opposite rotation. @returns a factor, [rows, heads * size] */
  mergeHeads(xs: readonly Handle[], layout: HeadLayout, angles: readonly Handle[] = []): Handle {
    const inputs = [...xs, ...this.#angles(angles)];
    return this.run('CodecLmMergeHeads', this.#layout(layout), inputs, 1)[0];
  }

  /**
   * @param scores [groups, queriesPerKey * rows, keys]: of the last queries, if there are more keys
   * @param segments int32 [batch, time], if a query sees only keys of its own segment
   */
  causalSoftmax(scores: Handle, queriesPerKey: number, segments = this.#nothing.int): Handle {
    const attrs = this.#softmax(queriesPerKey);
    return this.run('CodecLmCausalSoftmax', attrs, [scores, segments], 1)[0];
  }

  /** @param dy gradient of the attention's output `y` */
  causalSoftmaxGrad(p: Handle, dp: Handle, dy: Handle, y: Handle, queriesPerKey: number): Handle {
    const attrs = this.#softmax(queriesPerKey);
    return this.run('CodecLmCausalSoftmaxGrad', attrs, [p, dp, dy, y], 1)[0];
  }

  /** [groups, rows, size] -> [groups, count, size]; all rows are the tensor itself. */
  firstRows(x: Handle, count: number): Handle {
    if (count === x.shape[1]) return x;
    const type = this.#typed('T', this.#binding.TF_FLOAT);
    return this.run('CodecLmFirstRows', [type, this.#whole('rows', count)], [x], 1)[0];
  }

  /** Adds `more` to the first rows of each group of `sum`, in place: nobody else may hold `sum`. */
  addToFirst(sum: Handle, more: Handle): void {
    const type = this.#typed('T', this.#binding.TF_FLOAT);
    this.run('CodecLmAddToFirst', [type], [sum, more], 0);
  }

  #cast(x: Handle, type: number): Handle {
    if (x.dtype === type) return x;
    const truncate = this.#flag('Truncate', false);
    const attrs = [this.#typed('SrcT', x.dtype), this.#typed('DstT', type), truncate];
    return this.run('Cast', attrs, [x], 1)[0];
  }

  #angles(angles: readonly Handle[]): readonly Handle[] {
    return angles.length > 0 ? angles : [this.#nothing.float, this.#nothing.float];
  }

  #layout({ batch, heads, queriesPerKey, block, blocks, scale }: HeadLayout): OpAttr[] {
    return [
      this.#typed('T', this.#type),
      this.#whole('N', blocks),
      this.#whole('batch', batch),
      this.#whole('heads', heads),
      this.#whole('queries_per_key', queriesPerKey),
      this.#whole('block', block),
      this.#real('scale', scale),
    ];
  }

  #softmax(queriesPerKey: number): OpAttr[] {
    const type = this.#typed('T', this.#binding.TF_FLOAT);
    return [type, this.#whole('queries_per_key', queriesPerKey)];
  }

  #typed(name: string, value: number): OpAttr {
    return { name, type: this.#binding.TF_ATTR_TYPE, value };
  }

  #flag(name: string, value: boolean): OpAttr {
    return { name, type: this.#binding.TF_ATTR_BOOL, value };
  }

  #whole(name: string, value: number): OpAttr {
    return { name, type: this.#binding.TF_ATTR_INT, value };
  }

  #real(name: string, value: number): OpAttr {
    return { name, type: this.#binding.TF_ATTR_FLOAT, value };
  }
}
