/**
 * The second half of a block as one function with its gradient. It keeps its input and what gate and up
 * are multiplied to; everything else is cheap to compute again on the way back.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';
import { differentiable } from '../differentiable.ts';
import type { Precision } from '../linear.ts';
import { withOps } from './with-ops.ts';

export interface FeedForwardWeights {
  norm: Tensor1D;
  /** [intermediate, hidden] */
  gate: Tensor2D;
  up: Tensor2D;
  /** [hidden, intermediate] */
  down: Tensor2D;
}

/** x + down(silu(gate(n)) up(n)) with n = rmsNorm(x); x: [rows, hidden] */
export function fusedFeedForward(
  backend: Backend,
  x: Tensor2D,
  weights: FeedForwardWeights,
  epsilon: number,
  precision: Precision = 'fp32',
): Tensor2D {
  const { norm, gate, up, down } = weights;
  return differentiable<Tensor2D>(
    backend,
    [x, norm, gate, up, down],
    () =>
      withOps(backend, precision, (ops) => {
        const input = ops.of(x);
        const [n, r] = ops.rmsNorm(input, ops.of(norm), epsilon);
        const [g, u] = [gate, up].map((weight) => {
          const factor = ops.factor(ops.of(weight));
          const product = ops.product(n, factor, { b: true });
          ops.free(factor);
          return product;
        });
        ops.free(n);
        const act = ops.swiglu(g, u);
        const change = ops.product(act, ops.factor(ops.of(down)), { b: true });
        ops.free(act);
        const value = ops.take(ops.residual(input, change)) as Tensor2D;
        return {
          value,
          saved: [x, norm, gate, up, down, ...[r, g, u].map((kept) => ops.take(kept))],
        };
      }),
    (dy, saved) =>
      withOps(backend, precision, (ops) => {
        const [x, norm, gate, up, down, r, g, u] = saved.map((tensor) => ops.of(tensor));
        const skip = ops.of(dy);
        const dchange = ops.factor(skip);
        const dact = ops.product(dchange, ops.factor(down));
        const [dg, du, act] = ops.swigluGrad(dact, g, u);
        ops.free(dact);
        const dDown = ops.wide(ops.product(dchange, act, { a: true }));
        ops.free(act, dchange);
        const [n, again] = ops.rmsNorm(x, norm, epsilon);
        const [dGate, dUp] = [dg, du].map((d) => ops.wide(ops.product(d, n, { a: true })));
        ops.free(n, again);
        const parts = [ops.product(dg, ops.factor(gate)), ops.product(du, ops.factor(up))];
        ops.free(dg, du);
        const [dx, dNorm] = ops.rmsNormGrad(parts, x, norm, r, skip);
        return [dx, dNorm, dGate, dUp, dDown].map((result): Tensor => ops.take(result));
      }),
  );
}
