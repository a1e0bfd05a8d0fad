/**
 * A step of training as one would write it in tfjs: its own ops, its own gradients, its own Adam.
 * The ops of trainer/ops are measured against it, mainly on the WebAssembly backend.
 */
import type { Scalar, Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { headSize, type LlamaConfig } from '../../trainer/model/config.ts';
import { initialWeights } from '../../trainer/model/init.ts';

/** @returns forward, backward, clipping by the global norm and Adam; its loss is printed nowhere */
export function plainStep(
  backend: Backend,
  config: LlamaConfig,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
): () => Promise<void> {
  const { tf } = backend;
  const parameters = new Map<string, Variable>();
  for (const [name, { data, shape }] of initialWeights(config, 0)) {
    parameters.set(name, tf.variable(tf.tensor(data, shape)));
  }
  const variables = [...parameters.values()];
  const optimizer = tf.train.adam(1e-3, 0.9, 0.95, 1e-8);
  return async () => {
    const { value, grads } = tf.variableGrads(
      () => plainLoss(backend, config, parameters, inputs, targets, batch),
      variables,
    );
    const norm = tf.tidy(() =>
      tf.sqrt(tf.addN(Object.values(grads).map((gradient) => tf.sum(tf.square(gradient))))),
    );
    const factor = Math.min(1, 1 / (await norm.data())[0]);
    const clipped: Record<string, Tensor> = {};
    for (const [name, gradient] of Object.entries(grads)) clipped[name] = tf.mul(gradient, factor);
    optimizer.applyGradients(clipped as Parameters<typeof optimizer.applyGradients>[0]);
    tf.dispose([value, norm, grads, clipped]);
  };
}

/** Mean negative log-likelihood of the targets. */
export function plainLoss(
  { tf }: Backend,
  config: LlamaConfig,
  parameters: ReadonlyMap<string, Tensor>,
  inputs: Int32Array,
  targets: Int32Array,
  batch: number,
): Scalar {
  const time = inputs.length / batch;
  const size = headSize(config);
  const weight = (name: string) => parameters.get(`${name}.weight`)! as Tensor2D;
  const linear = (x: Tensor2D, name: string) => tf.matMul<Tensor2D>(x, weight(name), false, true);
  const oneHot = (ids: Int32Array) =>
    tf.cast(tf.oneHot(tf.tensor1d(ids, 'int32'), config.vocabSize), 'float32') as Tensor2D;
  const norm = (x: Tensor2D, name: string) =>
    tf.mul<Tensor2D>(
      tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), config.normEps))),
      weight(name),
    );
  const toHeads = (x: Tensor2D) =>
    tf.transpose(tf.reshape(x, [batch, time, config.heads, size]) as Tensor4D, [0, 2, 1, 3]);
  const [cos, sin] = [Math.cos, Math.sin].map((turn) => angles(turn, time, size, config.ropeTheta));
  const rope = (x: Tensor4D) => {
    const [left, right] = tf.split(x, 2, 3);
    const turned = tf.concat([tf.neg(right), left], 3);
    return tf.add<Tensor4D>(
      tf.mul(x, tf.tensor2d(cos, [time, size])),
      tf.mul(turned, tf.tensor2d(sin, [time, size])),
    );
  };
  const hidden = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([time, time]), -1, 0)), -1e9);
  let x = tf.matMul(oneHot(inputs), weight('model.embed_tokens')) as Tensor2D;
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const h = norm(x, `${at}.input_layernorm`);
    const [q, k, v] = ['q', 'k', 'v'].map((name) =>
      toHeads(linear(h, `${at}.self_attn.${name}_proj`)),
    );
    const scores = tf.mul(tf.matMul(rope(q), rope(k), false, true), 1 / Math.sqrt(size));
    const mixed = tf.matMul(tf.softmax(tf.add(scores, hidden)), v) as Tensor4D;
    const merged = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * time, -1]) as Tensor2D;
    x = tf.add<Tensor2D>(x, linear(merged, `${at}.self_attn.o_proj`));
    const g = norm(x, `${at}.post_attention_layernorm`);
    const gate = linear(g, `${at}.mlp.gate_proj`);
    const act = tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(g, `${at}.mlp.up_proj`)) as Tensor2D;
    x = tf.add<Tensor2D>(x, linear(act, `${at}.mlp.down_proj`));
  }
  const logits = linear(norm(x, 'model.norm'), 'lm_head');
  return tf.losses.softmaxCrossEntropy(oneHot(targets), logits) as Scalar;
}

/** [time, size], both halves of a head alike. */
function angles(turn: (angle: number) => number, time: number, size: number, theta: number) {
  const half = size / 2;
  return Float32Array.from({ length: time * size }, (_, i) =>
    turn(Math.floor(i / size) * theta ** ((-2 * ((i % size) % half)) / size)),
  );
}
