/**
 * The layers of Llama 2 (Touvron et al. 2023, arXiv 2307.09288, section 2.2) as functions of their
 * weights: they do not ask where the weights lie, or for how long.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { attention, QUERY_BLOCK } from '../ops/attention/attention.ts';
import { embedding } from '../ops/embedding.ts';
import { fusedAttention } from '../ops/fused/attention.ts';
import { fusedFeedForward } from '../ops/fused/feed-forward.ts';
import { mergeHeads, splitHeads } from '../ops/heads.ts';
import { linear, linears, type Precision } from '../ops/linear.ts';
import { residual } from '../ops/residual.ts';
import { rmsNorm } from '../ops/rms-norm.ts';
import { type RopeTable, rope } from '../ops/rope.ts';
import { swiglu } from '../ops/swiglu.ts';
import { headSize, type LlamaConfig } from './config.ts';

/** Weights by Hugging Face name; a matrix is [out, in]. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/**
 * Attention of a layer: takes rotated queries, rotated keys and values, all split into heads, and
 * returns the output, also split into heads.
 */
export type Attend = (layer: number, q: Tensor4D, k: Tensor4D, v: Tensor4D) => Tensor4D;

/** Values that the layers of one forward pass share. */
export interface Pass {
  backend: Backend;
  config: LlamaConfig;
  /** Number of sequences. */
  batch: number;
  /** Precision of the layers' matrix products; default fp32. */
  precision?: Precision;
  table: RopeTable;
  /** int32 [batch, time]: a token attends only to tokens of its own segment. */
  segments?: Tensor2D;
  /** Default: causal attention within the segments. */
  attend?: Attend;
}

/** @param ids int32 [rows] @returns [rows, hidden] */
export function embed({ backend }: Pass, weights: NamedTensors, ids: Tensor1D): Tensor2D {
  return embedding(backend, matrix(weights, 'model.embed_tokens'), ids);
}

/** x: [rows, hidden] @returns [rows, hidden] */
export function block(pass: Pass, weights: NamedTensors, layer: number, x: Tensor2D): Tensor2D {
  return pass.backend.tf.tidy(() => {
    const h = attentionHalf(pass, weights, layer, x);
    return feedForwardHalf(pass, weights, layer, h);
  });
}

/** x + attention(norm(x)); x: [rows, hidden] */
export function attentionHalf(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  x: Tensor2D,
): Tensor2D {
  const { backend, config, batch, precision, table } = pass;
  const attend = pass.attend ?? causal(pass);
  const at = `model.layers.${layer}`;
  if (canFuse(pass)) return fusedAttentionHalf(pass, weights, at, x);
  return backend.tf.tidy(() => {
    const h = norm(pass, weights, `${at}.input_layernorm`, x);
    const matrices = ['q', 'k', 'v'].map((name) => matrix(weights, `${at}.self_attn.${name}_proj`));
    const projections = linears(backend, h, matrices, precision);
    const turned = (x: Tensor2D, name: 'q' | 'k', heads: number) => {
      const normed = headNorm(pass, weights, `${at}.self_attn.${name}_norm`, x);
      return rope(backend, splitHeads(backend, normed, batch, heads), table);
    };
    const q = turned(projections[0], 'q', config.heads); // [batch, heads, time, size]
    const k = turned(projections[1], 'k', config.kvHeads);
    const v = splitHeads(backend, projections[2], batch, config.kvHeads);
    const output = mergeHeads(backend, attend(layer, q, k, v)); // [rows, hidden]
    const o = matrix(weights, `${at}.self_attn.o_proj`);
    return residual(backend, x, linear(backend, output, o, precision));
  });
}

/** x + feedForward(norm(x)), each row by itself; x: [rows, hidden] */
export function feedForwardHalf(
  pass: Pass,
  weights: NamedTensors,
  layer: number,
  x: Tensor2D,
): Tensor2D {
  const { backend, precision } = pass;
  const at = `model.layers.${layer}`;
  const of = (name: string) => matrix(weights, `${at}.mlp.${name}_proj`);
  if (backend.hasKernels) {
    const matrices = { gate: of('gate'), up: of('up'), down: of('down') };
    const scale = vector(weights, `${at}.post_attention_layernorm`);
    const { normEps } = pass.config;
    return fusedFeedForward(backend, x, { norm: scale, ...matrices }, normEps, precision);
  }
  return backend.tf.tidy(() => {
    const h = norm(pass, weights, `${at}.post_attention_layernorm`, x);
    const [gate, up] = linears(backend, h, [of('gate'), of('up')], precision); // [rows, intermediate]
    return residual(backend, x, linear(backend, swiglu(backend, gate, up), of('down'), precision));
  });
}

/** Logits of the next token, [rows, vocabulary]; their product is always fp32. x: [rows, hidden] */
export function logitsOf(pass: Pass, weights: NamedTensors, x: Tensor2D): Tensor2D {
  const { backend, config } = pass;
  const head = config.tieEmbeddings ? 'model.embed_tokens' : 'lm_head';
  return backend.tf.tidy(() =>
    linear(backend, norm(pass, weights, 'model.norm', x), matrix(weights, head)),
  );
}

/**
 * QK-norm (Henry et al. 2020, arXiv 2010.04245, as RMSNorm of each head): [rows, heads * size];
 * returns x unchanged without it.
 */
function headNorm(pass: Pass, weights: NamedTensors, name: string, x: Tensor2D): Tensor2D {
  const { backend, config } = pass;
  if (!config.qkNorm) return x;
  const { tf } = backend;
  const rows = tf.reshape(x, [-1, headSize(config)]) as Tensor2D;
  return tf.reshape(norm(pass, weights, name, rows), x.shape);
}

/** Whether attention's half is what the fused function computes. */
function canFuse({ backend, config, attend }: Pass): boolean {
  return backend.hasKernels && !attend && !config.qkNorm;
}

function fusedAttentionHalf(pass: Pass, weights: NamedTensors, at: string, x: Tensor2D): Tensor2D {
  const { backend, batch, config, precision, table, segments } = pass;
  const { heads, kvHeads, normEps } = config;
  const [q, k, v, o] = ['q', 'k', 'v', 'o'].map((name) =>
    matrix(weights, `${at}.self_attn.${name}_proj`),
  );
  const own = { norm: vector(weights, `${at}.input_layernorm`), q, k, v, o };
  const shape = { batch, heads, kvHeads, block: QUERY_BLOCK };
  return fusedAttention(backend, x, own, shape, table, { epsilon: normEps, precision, segments });
}

function causal({ backend, segments }: Pass): Attend {
  return (_layer, q, k, v) => attention(backend, q, k, v, QUERY_BLOCK, segments);
}

function norm({ backend, config }: Pass, weights: NamedTensors, name: string, x: Tensor2D) {
  return rmsNorm(backend, x, vector(weights, name), config.normEps);
}

function vector(weights: NamedTensors, name: string): Tensor1D {
  return weights.get(`${name}.weight`) as Tensor1D;
}

function matrix(weights: NamedTensors, name: string): Tensor2D {
  return weights.get(`${name}.weight`) as Tensor2D;
}
