/**
 * Double arithmetic on TensorFlow. tfjs knows no float64, but its binding passes int32 through, and
 * `Bitcast` makes one the other without touching a bit.
 */
import type { OpAttr, TensorMetadata } from '../../compute/binding.ts';
import type { NativeOps } from '../../compute/native.ts';
import { type DoubleMath, type DoubleMatrix, matrix, mirrored } from './matrix.ts';

/** TensorFlow's number of the type. */
const DOUBLE = 2;
/** Blocks of columns of a triangular or symmetric matrix; with more the products become small. */
const TRIANGLE_BLOCKS = 4;

export function nativeMath({ binding }: NativeOps): DoubleMath {
  const type: OpAttr = { name: 'T', type: binding.TF_ATTR_TYPE, value: DOUBLE };
  const flag = (name: string, value: boolean): OpAttr => {
    return { name, type: binding.TF_ATTR_BOOL, value };
  };
  const bitcast = (id: number, from: number, to: number): number => {
    const attributes = [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: from },
      { name: 'type', type: binding.TF_ATTR_TYPE, value: to },
    ];
    return binding.executeOp('Bitcast', attributes, [id], 1)[0].id;
  };

  /** Runs `work` and deletes every handle that it made. */
  const scoped = <T>(work: (keep: (id: number) => number) => T): T => {
    const ids: number[] = [];
    try {
      return work((id) => {
        ids.push(id);
        return id;
      });
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
  };
  type Keep = (id: number) => number;
  const upload = ({ rows, columns, data }: DoubleMatrix, keep: Keep): number => {
    const words = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
    const id = keep(binding.createTensor([rows, columns, 2], binding.TF_INT32, words));
    return keep(bitcast(id, binding.TF_INT32, DOUBLE));
  };
  const download = (id: number, keep: Keep): Float64Array => {
    const words = binding.tensorDataSync(keep(bitcast(id, DOUBLE, binding.TF_INT32)));
    const { buffer, byteOffset, byteLength } = words;
    // Doubles begin at multiples of 8 bytes, which is where such an array nearly always begins.
    if (byteOffset % 8 === 0) return new Float64Array(buffer, byteOffset, byteLength / 8);
    return new Float64Array(new Uint8Array(buffer, byteOffset, byteLength).slice().buffer);
  };
  const run = (op: string, attributes: OpAttr[], inputs: number[], keep: Keep): TensorMetadata => {
    const [output, ...others] = binding.executeOp(op, attributes, inputs, OUTPUTS[op] ?? 1);
    for (const { id } of others) keep(id);
    keep(output.id);
    return output;
  };
  const multiply = (a: number, b: number, transpose: 'a' | 'b' | 'none', keep: Keep) =>
    run(
      'MatMul',
      [flag('transpose_a', transpose === 'a'), flag('transpose_b', transpose === 'b'), type],
      [a, b],
      keep,
    ).id;

  const index: OpAttr = { name: 'Index', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
  const integers = (shape: number[], values: number[], keep: Keep): number =>
    keep(binding.createTensor(shape, binding.TF_INT32, Int32Array.from(values)));
  const slice = (id: number, begin: number[], size: number[], keep: Keep): number =>
    run('Slice', [type, index], [id, integers([2], begin, keep), integers([2], size, keep)], keep)
      .id;

  /**
   * The lower half of LT B L for a lower triangular L, which is all that is read of a symmetric matrix.
   * Columns go in blocks, and above a block L is zero: less than half of the multiplications are left.
   */
  const congruence = (l: number, b: number, n: number, [keep, drop]: [Keep, Keep]): number => {
    const step = Math.ceil(n / TRIANGLE_BLOCKS);
    const isWhole = step >= n;
    const blocks: number[] = [];
    for (let from = 0; from < n; from += step) {
      blocks.push(
        // What a block needed is let go of before the next one.
        scoped((dropNow) => {
          const [rows, columns] = [n - from, Math.min(step, n - from)];
          const lower = slice(l, [from, from], [rows, rows], dropNow);
          const column = slice(lower, [0, 0], [rows, columns], dropNow);
          const right = multiply(
            slice(b, [from, from], [rows, rows], dropNow),
            column,
            'none',
            dropNow,
          );
          const part = multiply(lower, right, 'a', dropNow);
          const above = integers([2, 2], [from, 0, 0, 0], dropNow);
          const paddings = {
            name: 'Tpaddings',
            type: binding.TF_ATTR_TYPE,
            value: binding.TF_INT32,
          };
          return run('Pad', [type, paddings], [part, above], isWhole ? keep : drop).id;
        }),
      );
    }
    // TensorFlow joins two or more.
    if (isWhole) return blocks[0];
    const attributes = [
      { name: 'N', type: binding.TF_ATTR_INT, value: blocks.length },
      ...[type, { name: 'Tidx', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }],
    ];
    return run('ConcatV2', attributes, [...blocks, integers([], [1], drop)], keep).id;
  };

  return {
    product(a, b, transpose) {
      const shape = transpose === 'a' ? [a.columns, b.columns] : [a.rows, b.rows];
      return scoped((keep) => {
        const first = upload(a, keep);
        const second = a === b ? first : upload(b, keep);
        const result = multiply(first, second, transpose, keep);
        return matrix(shape[0], shape[1], download(result, keep));
      });
    },
    /** Rows of the upper half, some at a time: half of the multiplications, a quarter of the memory. */
    gram(blocks, dims) {
      const total = matrix(dims, dims);
      const step = Math.ceil(dims / TRIANGLE_BLOCKS);
      for (const block of blocks) {
        scoped((keep) => {
          const id = upload(block, keep);
          for (let from = 0; from < dims; from += step) {
            const columns = Math.min(step, dims - from);
            const part = scoped((drop) => {
              const right = slice(id, [0, from], [block.rows, dims - from], drop);
              const left = slice(right, [0, 0], [block.rows, columns], drop);
              return download(multiply(left, right, 'a', drop), drop);
            });
            addRows(part, total, from, columns);
          }
        });
      }
      return mirrored(total);
    },
    nuclearNorm(m) {
      return scoped((keep) => {
        const attributes = [flag('compute_uv', false), flag('full_matrices', false), type];
        return sum(download(run('Svd', attributes, [upload(m, keep)], keep).id, keep));
      });
    },
    /** With A = L LT, A B has the eigenvalues of LT B L, which is symmetric. */
    traceOfRoot(a, b) {
      return scoped((keep) => {
        try {
          // What it is made of is let go of before the eigenvalues, which want memory too.
          const both = scoped((drop) => {
            const factor = scoped(
              (dropNow) => run('Cholesky', [type], [upload(a, dropNow)], drop).id,
            );
            return congruence(factor, upload(b, drop), a.rows, [keep, drop]);
          });
          const attributes = [flag('compute_v', false), type];
          const values = download(run('SelfAdjointEigV2', attributes, [both], keep).id, keep);
          // Rounding makes zeros negative; B itself may be singular.
          return sum(values.map((value) => Math.sqrt(Math.max(0, value))));
        } catch {
          // Singular matrices have no Cholesky factor, or one that is not finite.
          return undefined;
        }
      });
    },
  };
}

/** Outputs of ops that have more than one. */
const OUTPUTS: Readonly<Record<string, number>> = { Svd: 3, SelfAdjointEigV2: 2 };

/** Adds rows of the upper half, which begin at the diagonal's first place of them. */
function addRows(part: Float64Array, total: DoubleMatrix, from: number, rows: number): void {
  const { columns: dims, data } = total;
  const width = dims - from;
  for (let i = 0; i < rows; i++) {
    const start = (from + i) * dims + from;
    for (let j = 0; j < width; j++) data[start + j] += part[i * width + j];
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
