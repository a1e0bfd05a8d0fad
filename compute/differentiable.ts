/**
 * The building block of ops with a gradient of their own: a forward pass and its gradient, on one of
 * the backends.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { OpAttr } from './binding.ts';
import type { Backend } from './choose.ts';
import type { NativeOps } from './native.ts';

export interface Forward<Output extends Tensor> {
  value: Output;
  /**
   * Tensors that the gradient needs. Everything else that the forward pass made is freed at once.
   */
  saved: Tensor[];
}

export interface ForwardAll<Output extends Tensor> extends Omit<Forward<Output>, 'value'> {
  values: Output[];
}

/**
 * The recorder of an op for its gradient. tfjs's own `customGrad` uses it too, but only for one
 * output.
 */
interface Recorder {
  runKernelFunc(call: {
    inputs: Record<number, Tensor>;
    forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor[];
    backwardsFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => Record<number, () => Tensor>;
  }): Tensor[];
}

/**
 * Runs a function of `inputs` with a hand-written gradient. It needs fewer passes over memory than
 * a chain of tfjs's own gradients, and can use TensorFlow ops that have no gradient in tfjs.
 * @param backward computes one gradient per input from the output's gradient and the saved tensors
 */
export function differentiable<Output extends Tensor>(
  backend: Backend,
  inputs: Tensor[],
  forward: () => Forward<Output>,
  backward: (dy: Output, saved: Tensor[]) => Tensor[],
): Output {
  const one = () => {
    const { value, saved } = forward();
    return { values: [value], saved };
  };
  return differentiableAll(backend, inputs, one, ([dy], saved) => backward(dy, saved))[0];
}

/** The same for a function with several outputs; `backward` gets a gradient for each. */
export function differentiableAll<Output extends Tensor>(
  { tf }: Backend,
  inputs: Tensor[],
  forward: () => ForwardAll<Output>,
  backward: (dys: Output[], saved: Tensor[]) => Tensor[],
): Output[] {
  const recorder = tf.engine() as unknown as Recorder;
  return recorder.runKernelFunc({
    inputs: { ...inputs },
    forwardFunc: (_backend, save) => {
      const { values, saved } = forward();
      save(saved);
      return values;
    },
    backwardsFunc: (dy, saved) => {
      // tfjs gives the gradient of a single output without a list.
      const gradients = backward([dy].flat() as Output[], saved);
      return Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient]));
    },
  }) as Output[];
}

/** Attribute `T` of a TensorFlow op that computes in fp32. */
export function floatType({ binding }: NativeOps, name = 'T'): OpAttr {
  return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
}

export function intType({ binding }: NativeOps, name: string): OpAttr {
  return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
}

export function flag({ binding }: NativeOps, name: string, value: boolean): OpAttr {
  return { name, type: binding.TF_ATTR_BOOL, value };
}
