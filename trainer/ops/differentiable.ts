/** What every op of this folder is made of: a forward pass and its gradient, on one of the backends. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import type { NativeOps, OpAttr } from '../backend/native.ts';

export interface Forward<Output extends Tensor> {
  value: Output;
  /** What the gradient needs again. Everything else the forward pass made is freed at once. */
  saved: Tensor[];
}

/**
 * A function of `inputs` with a gradient written by hand: fewer passes over memory than
 * the chain of tfjs's own gradients, and ops of TensorFlow that tfjs has no gradient for.
 * @param backward from the output's gradient and what was saved, one gradient an input
 */
export function differentiable<Output extends Tensor>(
  { tf }: Backend,
  inputs: Tensor[],
  forward: () => Forward<Output>,
  backward: (dy: Output, saved: Tensor[]) => Tensor[],
): Output {
  const op = tf.customGrad((...args) => {
    const save = args[inputs.length] as unknown as (tensors: Tensor[]) => void;
    const { value, saved } = forward();
    save(saved);
    return { value, gradFunc: (dy, kept) => backward(dy as Output, kept) };
  });
  return op(...inputs) as Output;
}

/** `T` of a TensorFlow op that works in fp32. */
export function floatType({ binding }: NativeOps, name = 'T'): OpAttr {
  return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
}

export function intType({ binding }: NativeOps, name: string): OpAttr {
  return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
}

export function flag({ binding }: NativeOps, name: string, value: boolean): OpAttr {
  return { name, type: binding.TF_ATTR_BOOL, value };
}
