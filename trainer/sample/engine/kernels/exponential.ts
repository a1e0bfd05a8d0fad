/** e^x of four lanes, and kernels that use it. */
import {
  type Code,
  F32,
  type FunctionSpec,
  f32,
  f32x4,
  forEach,
  I32,
  i32,
  i32x4,
  type Scope,
  sumLanes,
  V128,
  v128,
} from '../../../../wasm/assembler.ts';

/**
 * Taylor-like coefficients of (e^r - 1 - r) / r² for |r| <= ln 2 / 2 (Cephes, expf.c, Moshier
 * 1992).
 */
const COEFFICIENTS = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1,
];
/** ln 2 in two parts; the first has few bits, so that x - n ln 2 is exact. */
const [LN2_HIGH, LN2_LOW] = [0.693359375, -2.1219444e-4];
/** e^x is a normal single-precision number between these. */
const [LOWEST, HIGHEST] = [-87, 88];

/** Relative error under 2e-7; x is clamped to -87..88. */
export function exponential(scope: Scope, x: Code): Code {
  const [r, n] = [scope.local(V128), scope.local(V128)];
  const clamped = f32x4.min(f32x4.max(x, f32x4.const(LOWEST)), f32x4.const(HIGHEST));
  const polynomial = COEFFICIENTS.slice(1).reduce<Code>(
    (sum, coefficient) => f32x4.add(f32x4.mul(sum, r.get), f32x4.const(coefficient)),
    f32x4.const(COEFFICIENTS[0]),
  );
  const mantissa = f32x4.add(
    f32x4.add(f32x4.mul(polynomial, f32x4.mul(r.get, r.get)), r.get),
    f32x4.const(1),
  );
  // 2^n: n plus the bias in the exponent field.
  const power = i32x4.shl(i32x4.add(i32x4.truncate(n.get), i32x4.const(127)), 23);
  return [
    r.set(clamped),
    n.set(f32x4.nearest(f32x4.mul(r.get, f32x4.const(Math.LOG2E)))),
    r.set(f32x4.sub(r.get, f32x4.mul(n.get, f32x4.const(LN2_HIGH)))),
    r.set(f32x4.sub(r.get, f32x4.mul(n.get, f32x4.const(LN2_LOW)))),
    f32x4.mul(mantissa, power),
  ];
}

/** gate = gate / (1 + e^-gate) * up. Parameters: gate, up, bytes (a multiple of 16). */
export const swigluKernel: FunctionSpec = {
  name: 'swiglu',
  params: [I32, I32, I32],
  body(scope, gate, up, bytes) {
    const end = scope.local(I32);
    const g = scope.local(V128);
    const below = f32x4.add(f32x4.const(1), exponential(scope, f32x4.neg(g.get)));
    return [
      end.set(i32.add(gate.get, bytes.get)),
      forEach(gate, end.get, 16, [
        g.set(v128.load(gate.get)),
        v128.store(gate.get, f32x4.mul(f32x4.div(g.get, below), v128.load(up.get))),
        up.set(i32.add(up.get, i32.const(16))),
      ]),
    ];
  },
};

/**
 * y = x / sqrt(mean(x²) + epsilon) * weight for one row. Parameters: x, weight, y, size (a multiple
 * of 4), epsilon.
 */
export const rmsNormKernel: FunctionSpec = {
  name: 'rmsNorm',
  params: [I32, I32, I32, I32, F32],
  body(scope, x, weight, y, size, epsilon) {
    const [at, end] = [scope.local(I32), scope.local(I32)];
    const [sum, value] = [scope.local(V128), scope.local(V128)];
    const mean = f32.div(sumLanes(scope, sum.get), f32.fromUnsigned(size.get));
    const scale = f32.div(f32.const(1), f32.sqrt(f32.add(mean, epsilon.get)));
    return [
      at.set(x.get),
      end.set(i32.add(x.get, i32.mul(size.get, i32.const(4)))),
      sum.set(f32x4.const(0)),
      forEach(at, end.get, 16, [
        value.set(v128.load(at.get)),
        sum.set(f32x4.add(sum.get, f32x4.mul(value.get, value.get))),
      ]),
      value.set(f32x4.splat(scale)),
      forEach(x, end.get, 16, [
        v128.store(y.get, f32x4.mul(f32x4.mul(v128.load(x.get), value.get), v128.load(weight.get))),
        weight.set(i32.add(weight.get, i32.const(16))),
        y.set(i32.add(y.get, i32.const(16))),
      ]),
    ];
  },
};
