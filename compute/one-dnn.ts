/**
 * Runs kernels of oneDNN inside TensorFlow's CPU library. In a graph, TensorFlow's optimizer would
 * choose them where they fit. Ops that run one by one use Eigen's kernels for some kinds, which are
 * three times as slow.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { OpAttr } from './binding.ts';
import type { Backend } from './choose.ts';
import { floatType } from './differentiable.ts';
import type { NativeOps } from './native.ts';

/** Name of each op, and the label under which TensorFlow has registered its oneDNN kernel. */
const KERNELS = {
  softmax: { op: '_MklSoftmax', label: 'MklNameChangeOp' },
  silu: { op: '_MklSwish', label: '' },
} as const;

export type OneDnnKernel = keyof typeof KERNELS;

const usable = new WeakMap<Backend, Map<OneDnnKernel, boolean>>();

/**
 * Whether the library has the kernel. It is tried once, because that depends on the build, the CPU
 * and `TF_ENABLE_ONEDNN_OPTS`.
 */
export function hasOneDnn(backend: Backend, kernel: OneDnnKernel): boolean {
  const { native, device, tf } = backend;
  if (!native || device !== 'cpu') return false;
  let known = usable.get(backend);
  if (!known) {
    known = new Map();
    usable.set(backend, known);
  }
  let found = known.get(kernel);
  if (found === undefined) {
    found = tf.tidy(() => {
      try {
        runOneDnn(native, kernel, tf.zeros([1, 1]));
        return true;
      } catch {
        return false;
      }
    }) as boolean;
    known.set(kernel, found);
  }
  return found;
}

/** Runs a kernel of one fp32 tensor; it has no gradient. */
export function runOneDnn<T extends Tensor>(native: NativeOps, kernel: OneDnnKernel, x: T): T {
  const { op, label } = KERNELS[kernel];
  const labelled: OpAttr = {
    name: '_kernel',
    type: native.binding.TF_ATTR_STRING,
    value: label,
  };
  return native.run(op, [floatType(native), labelled], [x], 1)[0] as T;
}
