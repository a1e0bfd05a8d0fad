/**
 * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2), with the same steps as
 * torch.optim.AdamW. Weight decay applies to matrices, including embeddings, but not to norms, as
 * in training code of GPT-3 and Llama: pulling a scale towards 0 does not regularize.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import type { Backend } from '../../compute/choose.ts';
import type { AdamUpdate, Moments } from './moments.ts';
import { NativeMoments } from './native-moments.ts';
import { PlainMoments } from './plain-moments.ts';

export interface AdamWOptions {
  /** Decay of the first and second moments. */
  betas: readonly [number, number];
  eps: number;
  /**
   * Decoupled weight decay: weights shrink by lr * weightDecay per step, whatever their gradient
   * is.
   */
  weightDecay: number;
  /**
   * Factor of the learning rate of a parameter, by its name and its number of dimensions; 1 when
   * left out. Weight decay goes by the parameter's own rate, as in PyTorch's groups.
   */
  rateFactor?: (name: string, dimensions: number) => number;
}

/** Everything that a checkpoint needs to continue exactly. */
export interface AdamWState {
  /** Number of updates done. */
  step: number;
  /**
   * `exp_avg.NAME` and `exp_avg_sq.NAME` (PyTorch's names) for each parameter NAME, in its order.
   */
  tensors: Weights;
}

export class AdamW {
  readonly #backend: Backend;
  readonly #parameters: ReadonlyMap<string, Variable>;
  readonly #options: AdamWOptions;
  readonly #moments = new Map<string, Moments>();
  /** Number of updates done. */
  step = 0;

  constructor(
    backend: Backend,
    parameters: ReadonlyMap<string, Variable>,
    options: AdamWOptions,
    form: 'native' | 'plain' = backend.native ? 'native' : 'plain',
  ) {
    this.#backend = backend;
    this.#parameters = parameters;
    this.#options = options;
    for (const [name, { shape }] of parameters) {
      const moments =
        form === 'native' ? new NativeMoments(backend, shape) : new PlainMoments(backend, shape);
      this.#moments.set(name, moments);
    }
  }

  /**
   * Updates all parameters.
   * @param gradients one per parameter; the caller still owns them
   * @param lr learning rate of this step
   */
  apply(gradients: ReadonlyMap<string, Tensor>, lr: number): void {
    const { weightDecay, rateFactor = () => 1 } = this.#options;
    this.step += 1;
    this.#backend.tf.tidy(() => {
      const steps = new Map<number, Omit<AdamUpdate, 'keep'>>();
      for (const [name, parameter] of this.#parameters) {
        const dimensions = parameter.shape.length;
        const own = lr * rateFactor(name, dimensions);
        const step = steps.get(own) ?? this.#update(own);
        steps.set(own, step);
        const decay = dimensions > 1 ? weightDecay : 0;
        const update = { ...step, keep: 1 - own * decay };
        this.#moments.get(name)!.update(parameter, gradients.get(name)!, update);
      }
    });
  }

  /** The numbers of this step for parameters of one learning rate. */
  #update(lr: number): Omit<AdamUpdate, 'keep'> {
    const { betas, eps } = this.#options;
    const powers = [betas[0] ** this.step, betas[1] ** this.step];
    const [rate, correction] = [lr / (1 - powers[0]), Math.sqrt(1 - powers[1])];
    // TensorFlow adds its epsilon to √v, PyTorch to √v / correction.
    const numbers = [...powers, lr, ...betas, eps * correction];
    const scalars = numbers.map((n) => this.#backend.tf.scalar(n));
    return { rate, correction, betas, eps, scalars };
  }

  /** Copies of both moments of a parameter, m and v. */
  read(name: string): [Float32Array, Float32Array] {
    const both = this.#moments.get(name)!.read();
    const [m, v] = both.map((moment) => Float32Array.from(moment.dataSync<'float32'>()));
    this.#backend.tf.dispose(both);
    return [m, v];
  }

  /** Copies values into both moments of a parameter; each has as many as the parameter. */
  write(name: string, ...values: [m: Float32Array, v: Float32Array]): void {
    const { tf } = this.#backend;
    const { shape } = this.#parameters.get(name)!;
    const [m, v] = values.map((data) => tf.tensor(data, shape));
    this.#moments.get(name)!.write(m, v);
    tf.dispose([m, v]);
  }

  async state(): Promise<AdamWState> {
    const tensors: Weights = new Map();
    for (const [name, { shape }] of this.#parameters) {
      const both = this.read(name);
      for (const [i, key] of ['exp_avg', 'exp_avg_sq'].entries()) {
        tensors.set(`${key}.${name}`, { shape: [...shape], data: both[i] });
      }
    }
    return { step: this.step, tensors };
  }

  /** @throws CodecLmError `CHECKPOINT_INVALID` when a tensor is missing or has another shape */
  load({ step, tensors }: AdamWState): void {
    for (const [name, { shape }] of this.#parameters) {
      const [m, v] = ['exp_avg', 'exp_avg_sq'].map((kind) => {
        const key = `${kind}.${name}`;
        const found = tensors.get(key);
        if (!found || found.shape.join() !== shape.join()) {
          const what = found ? `is [${found.shape}], expected [${shape}]` : 'is missing';
          throw new CodecLmError('CHECKPOINT_INVALID', `the optimizer's tensor ${key} ${what}`);
        }
        return found.data;
      });
      this.write(name, m, v);
    }
    this.step = step;
  }

  dispose(): void {
    for (const moments of this.#moments.values()) moments.dispose();
    this.#moments.clear();
  }
}
