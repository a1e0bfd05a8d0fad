/**
 * DINOv2 (Oquab et al. 2023) as Hugging Face's `Dinov2Model` names its weights: a ViT over patches of 14
 * pixels with layer scale. The feature is the class token after the last norm.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { z } from 'zod';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { Layers } from './layers.ts';
import { imageNetNormalize, type NetworkBuilder } from './network.ts';
import { resizePositions } from './positions.ts';
import { Tensors } from './tensors.ts';

const NAME = 'DINOv2';
const EPSILON = 1e-6;
/** Every published size has heads of this width. */
const HEAD_WIDTH = 64;
/** The side that DINOv2's own evaluation resizes to. */
const SIDE = 224;
const MAX_LAYERS = 100;

/** What the tensors do not tell, where a config.json lies beside the file. */
const configSchema = z.object({
  num_attention_heads: z.int().min(1).optional(),
  layer_norm_eps: z.number().positive().optional(),
});

type Map2D = (x: Tensor2D) => Tensor2D;

export const buildDinov2: NetworkBuilder = (backend, weights, path) => {
  const { tf } = backend;
  const tensors = new Tensors(weights, path, NAME);
  const layers = new Layers(backend, tensors);
  const config = readConfig(path);
  const projection = 'embeddings.patch_embeddings.projection';
  const [dims, , patch] = tensors.shape(`${projection}.weight`, 4);
  const heads = config.num_attention_heads ?? Math.max(1, Math.round(dims / HEAD_WIDTH));
  const grid = Math.floor(SIDE / patch);
  const epsilon = config.layer_norm_eps ?? EPSILON;
  if (dims % heads !== 0 || grid < 1) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `${path} as ${NAME}: ${dims} features, ${heads} heads, patches of ${patch} pixels`,
      { path, hint: 'put the config.json of the model beside the file' },
    );
  }

  // From torch's [dims, 3, height, width] to tfjs's [height, width, 3, dims].
  const kernel = tensors.take(`${projection}.weight`, [dims, 3, patch, patch]);
  const patches = layers.hold(
    tf.tidy(() => tf.transpose(tf.tensor4d(kernel, [dims, 3, patch, patch]), [2, 3, 1, 0])),
  );
  const vector = (name: string) => layers.hold(tf.tensor1d(tensors.take(name, [dims])));
  const patchBias = vector(`${projection}.bias`);
  const classToken = tensors.take('embeddings.cls_token', [1, 1, dims]);
  const [, places] = tensors.shape('embeddings.position_embeddings', 3);
  const stored = tensors.take('embeddings.position_embeddings', [1, places, dims]);
  const positions = layers.hold(
    tf.tensor2d(resizePositions(stored, dims, grid, path), [grid * grid + 1, dims]),
  );
  const cls = layers.hold(tf.tensor3d(classToken, [1, 1, dims]));
  tensors.ignore('embeddings.mask_token');

  const norm = (name: string): Map2D => {
    const [gamma, beta] = [vector(`${name}.weight`), vector(`${name}.bias`)];
    return (x) => {
      const { mean, variance } = tf.moments(x, 1, true);
      return tf.add(
        tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon))), gamma),
        beta,
      );
    };
  };
  const linear = (name: string, from: number, to: number): Map2D =>
    layers.linear(`${name}.weight`, `${name}.bias`, from, to);

  /** [n * tokens, dims] -> the same */
  const attention = (name: string, tokens: number) => {
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      linear(`${name}.attention.${part}`, dims, dims),
    );
    const out = linear(`${name}.output.dense`, dims, dims);
    const width = dims / heads;
    return (x: Tensor2D): Tensor2D => {
      const split = (part: Tensor2D) =>
        tf.reshape(tf.transpose(tf.reshape(part, [-1, tokens, heads, width]), [0, 2, 1, 3]), [
          -1,
          tokens,
          width,
        ]) as Tensor3D;
      const [q, k, v] = [query(x), key(x), value(x)].map(split);
      const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width)));
      const mixed = tf.reshape(tf.matMul(weights, v), [-1, heads, tokens, width]);
      return out(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, dims]));
    };
  };

  /** fc2(gelu(fc1 x)), or SwiGLU in the largest model. */
  const feedForward = (name: string): Map2D => {
    if (tensors.has(`${name}.weights_in.weight`)) {
      const [twice] = tensors.shape(`${name}.weights_in.weight`, 2);
      const first = linear(`${name}.weights_in`, dims, twice);
      const second = linear(`${name}.weights_out`, twice / 2, dims);
      return (x) => {
        const [gate, up] = tf.split(first(x), 2, 1);
        return second(tf.mul(tf.mul(gate, tf.sigmoid(gate)), up));
      };
    }
    const [inner] = tensors.shape(`${name}.fc1.weight`, 2);
    const [first, second] = [
      linear(`${name}.fc1`, dims, inner),
      linear(`${name}.fc2`, inner, dims),
    ];
    return (x) => {
      const y = first(x);
      return second(tf.mul(tf.mul(y, 0.5), tf.add(tf.erf(tf.mul(y, Math.SQRT1_2)), 1)));
    };
  };

  const tokens = grid * grid + 1;
  const blocks: Map2D[] = [];
  while (tensors.has(`encoder.layer.${blocks.length}.norm1.weight`) && blocks.length < MAX_LAYERS) {
    const name = `encoder.layer.${blocks.length}`;
    const [norm1, norm2] = [norm(`${name}.norm1`), norm(`${name}.norm2`)];
    const attend = attention(`${name}.attention`, tokens);
    const scales = ['layer_scale1', 'layer_scale2'].map((scale) =>
      vector(`${name}.${scale}.lambda1`),
    );
    const forward = feedForward(`${name}.mlp`);
    blocks.push((x) => {
      const middle = tf.add(x, tf.mul(attend(norm1(x)), scales[0])) as Tensor2D;
      return tf.add(middle, tf.mul(forward(norm2(middle)), scales[1]));
    });
  }
  const lastNorm = norm('layernorm');
  tensors.finish();
  return {
    name: `${NAME}-${dims}x${blocks.length}`,
    distance: `FD-${NAME}`,
    dims,
    side: grid * patch,
    normalize: imageNetNormalize,
    run: (pictures: Tensor4D) =>
      tf.tidy(() => {
        const [count] = pictures.shape;
        const patched = tf.add(tf.conv2d(pictures, patches, patch, 'valid'), patchBias);
        const body = tf.reshape(patched, [count, grid * grid, dims]) as Tensor3D;
        const start = tf.tile(cls, [count, 1, 1]) as Tensor3D;
        let x = tf.reshape(tf.add(tf.concat([start, body], 1), positions), [-1, dims]) as Tensor2D;
        for (const block of blocks) {
          const before = x;
          x = tf.tidy(() => block(before));
          before.dispose();
        }
        const classes = tf.slice(tf.reshape(x, [count, tokens, dims]), [0, 0, 0], [count, 1, dims]);
        return { features: lastNorm(tf.reshape(classes, [count, dims])) };
      }),
    dispose: () => layers.dispose(),
  };
};

/** @throws CodecLmError `CHECKPOINT_INVALID` for a config.json that is none */
function readConfig(path: string): z.output<typeof configSchema> {
  const file = join(dirname(path), 'config.json');
  if (!existsSync(file)) return {};
  try {
    return configSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${file}: ${messageOf(error)}`, {
      path: file,
      cause: error,
      hint: 'it lies beside the weights and should describe them; move it away otherwise',
    });
  }
}
