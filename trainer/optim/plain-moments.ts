/** AdamW's update in tfjs ops, for every backend. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { AdamUpdate, Moments } from './moments.ts';

export class PlainMoments implements Moments {
  readonly #backend: Backend;
  #m: Tensor;
  #v: Tensor;

  constructor(backend: Backend, shape: number[]) {
    this.#backend = backend;
    this.#m = backend.tf.keep(backend.tf.zeros(shape));
    this.#v = backend.tf.keep(backend.tf.zeros(shape));
  }

  update(parameter: Variable, gradient: Tensor, update: AdamUpdate): void {
    const { tf } = this.#backend;
    const [beta1, beta2] = update.betas;
    tf.tidy(() => {
      const m = tf.add(tf.mul(this.#m, beta1), tf.mul(gradient, 1 - beta1));
      const v = tf.add(tf.mul(this.#v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const root = tf.add(tf.div(tf.sqrt(v), update.correction), update.eps);
      const change = tf.mul(tf.div(m, root), update.rate);
      parameter.assign(tf.sub(tf.mul(parameter, update.keep), change));
      this.#replace(tf.keep(m), tf.keep(v));
    });
  }

  read(): [Tensor, Tensor] {
    return [this.#backend.tf.clone(this.#m), this.#backend.tf.clone(this.#v)];
  }

  write(m: Tensor, v: Tensor): void {
    const { tf } = this.#backend;
    this.#replace(tf.keep(tf.clone(m)), tf.keep(tf.clone(v)));
  }

  dispose(): void {
    this.#backend.tf.dispose([this.#m, this.#v]);
  }

  #replace(m: Tensor, v: Tensor): void {
    this.dispose();
    this.#m = m;
    this.#v = v;
  }
}
