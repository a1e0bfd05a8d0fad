/** Adam (Kingma and Ba 2015), with a learning rate that rises, then falls as a cosine. */
import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Weights } from '../../../../base/safetensors/weights.ts';
import type { Backend } from '../../../../compute/choose.ts';

const BETAS = [0.9, 0.99] as const;
const EPSILON = 1e-8;
/** The learning rate of the last step, as a share of the highest. */
const LAST_SHARE = 0.05;

/** @param step counted from 1 */
export function rateOf(
  step: number,
  { lr, steps, warmupSteps }: { lr: number; steps: number; warmupSteps: number },
): number {
  if (step <= warmupSteps) return (lr * step) / warmupSteps;
  const done = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return lr * (LAST_SHARE + ((1 - LAST_SHARE) * (1 + Math.cos(Math.PI * done))) / 2);
}

const MOMENTS = ['m', 'v'] as const;

export class Adam {
  readonly #tf: Backend['tf'];
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #moments: Map<string, Variable>;

  /** @param stored of a checkpoint, as `toWeights` gave them */
  constructor({ tf }: Backend, variables: ReadonlyMap<string, Variable>, stored?: Weights) {
    this.#tf = tf;
    this.#variables = variables;
    const names = [...variables.keys()].flatMap((name) => MOMENTS.map((m) => [m, name] as const));
    this.#moments = new Map(
      names.map(([moment, name]) => {
        const key = `${moment}.${name}`;
        const { shape } = variables.get(name)!;
        const data = stored?.get(key)?.data;
        const first = tf.tidy(() => tf.variable(data ? tf.tensor(data, shape) : tf.zeros(shape)));
        return [key, first];
      }),
    );
  }

  /** @param gradients by the names of the variables */
  apply(step: number, rate: number, gradients: NamedTensorMap): void {
    const tf = this.#tf;
    const [first, second] = BETAS.map((beta) => 1 - beta ** step);
    for (const [name, variable] of this.#variables) {
      tf.tidy(() => {
        const [m, v] = MOMENTS.map((moment, i) => {
          const kept = this.#moments.get(`${moment}.${name}`)!;
          const gradient = gradients[variable.name];
          const fresh = i === 0 ? gradient : tf.square(gradient);
          kept.assign(tf.add(tf.mul(kept, BETAS[i]), tf.mul(fresh, 1 - BETAS[i])) as Tensor);
          return kept;
        });
        const size = tf.add(tf.sqrt(tf.div(v, second)), EPSILON);
        variable.assign(tf.sub(variable, tf.div(tf.mul(m, rate / first), size)));
      });
    }
  }

  async toWeights(): Promise<Weights> {
    const weights: Weights = new Map();
    for (const [name, moment] of this.#moments) {
      weights.set(name, { shape: moment.shape, data: Float32Array.from(await moment.data()) });
    }
    return weights;
  }

  dispose(): void {
    for (const moment of this.#moments.values()) moment.dispose();
  }
}
