/**
 * AdamW's update by TensorFlow's `ResourceApplyAdam`: one pass over weights and moments, where
 * tfjs's ops need a dozen.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { NativeOps } from '../../compute/native.ts';
import { flag, floatType } from '../ops/differentiable.ts';
import type { AdamUpdate, Moments } from './moments.ts';

export class NativeMoments implements Moments {
  readonly #backend: Backend;
  readonly #native: NativeOps;
  /** Handles of TensorFlow variables: weights (only during an update), m, v. */
  readonly #weights: number;
  readonly #m: number;
  readonly #v: number;

  constructor(backend: Backend, shape: number[]) {
    this.#backend = backend;
    this.#native = backend.native!;
    [this.#weights, this.#m, this.#v] = [0, 1, 2].map(() => this.#createVariable(shape));
    const { tf } = backend;
    for (const handle of [this.#m, this.#v]) {
      // Zeros of its own, or the first update would copy it. Not `tf.zeros`, which makes an array first.
      const zeros = tf.fill(shape, 0);
      this.#assign(handle, zeros);
      zeros.dispose();
    }
  }

  update(parameter: Variable, gradient: Tensor, update: AdamUpdate): void {
    const { tf } = this.#backend;
    const { keep, scalars } = update;
    tf.tidy(() => {
      const kept = keep === 1 ? parameter : tf.mul(parameter, keep);
      this.#assign(this.#weights, kept);
      // TensorFlow updates a copy of what somebody else holds too.
      if (kept !== parameter) kept.dispose();
      const [gradientId] = this.#native.tensorIds([gradient]);
      this.#native.binding.executeOp(
        'ResourceApplyAdam',
        [
          floatType(this.#native),
          flag(this.#native, 'use_locking', false),
          flag(this.#native, 'use_nesterov', false),
        ],
        [this.#weights, this.#m, this.#v, ...this.#native.tensorIds(scalars), gradientId],
        0,
      );
      // The tfjs variable takes over the buffer: nothing is copied.
      parameter.assign(this.#read(this.#weights));
    });
  }

  read(): [Tensor, Tensor] {
    return [this.#read(this.#m), this.#read(this.#v)];
  }

  write(m: Tensor, v: Tensor): void {
    this.#assign(this.#m, m);
    this.#assign(this.#v, v);
  }

  dispose(): void {
    const { binding } = this.#native;
    for (const handle of [this.#weights, this.#m, this.#v]) {
      binding.executeOp(
        'DestroyResourceOp',
        [flag(this.#native, 'ignore_lookup_error', true)],
        [handle],
        0,
      );
      binding.deleteTensor(handle);
    }
  }

  #createVariable(shape: number[]): number {
    const { binding } = this.#native;
    // A unique name: variables without a name share one by default.
    const name = `codec-lm-adamw-${nextVariable++}`;
    const attributes = [
      floatType(this.#native, 'dtype'),
      { name: 'shape', type: binding.TF_ATTR_SHAPE, value: shape },
      { name: 'container', type: binding.TF_ATTR_STRING, value: '' },
      { name: 'shared_name', type: binding.TF_ATTR_STRING, value: name },
    ];
    return binding.executeOp('VarHandleOp', attributes, [], 1)[0].id;
  }

  #assign(handle: number, value: Tensor): void {
    const [id] = this.#native.tensorIds([value]);
    const { binding } = this.#native;
    binding.executeOp('AssignVariableOp', [floatType(this.#native, 'dtype')], [handle, id], 0);
  }

  #read(handle: number): Tensor {
    const { binding } = this.#native;
    const attributes = [floatType(this.#native, 'dtype')];
    return this.#native.adopt(binding.executeOp('ReadVariableOp', attributes, [handle], 1)[0]);
  }
}

/** Number of the next variable; names of TensorFlow's variables are global to the process. */
let nextVariable = 0;
