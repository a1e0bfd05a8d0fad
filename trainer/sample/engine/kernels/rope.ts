/** Rotary embedding of heads that lie side by side, in place: see ops/ropeKernel.ts for the same in tensors. */
import {
  type Code,
  F32,
  type FunctionSpec,
  f32,
  f32x4,
  forEach,
  I32,
  i32,
  V128,
  type ValueType,
  v128,
  whileLoop,
} from '../../../../wasm/assembler.ts';

const FLOAT = 4;

/**
 * Rotates heads by their position. Parameters: x, cos, sin (half a head each), heads.
 * @param size size of a head, a multiple of 4
 */
export function ropeKernel(size: number): FunctionSpec {
  const half = (size / 2) * FLOAT;
  // Half a head of size 4, 12 or 20 is not a whole number of vectors.
  const { type, bytes, load, store, add, sub, mul } =
    size % 8 === 0
      ? { type: V128 as ValueType, bytes: 16, ...v128, ...f32x4 }
      : { type: F32 as ValueType, bytes: FLOAT, ...f32 };
  return {
    name: 'rope',
    params: [I32, I32, I32, I32],
    body(scope, x, cos, sin, heads) {
      const [end, last, pair] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const [low, high] = [scope.local(type), scope.local(type)];
      const turnPair = (): Code => {
        const c = load(i32.add(cos.get, pair.get));
        const s = load(i32.add(sin.get, pair.get));
        return [
          low.set(load(x.get)),
          high.set(load(x.get, half)),
          store(x.get, sub(mul(low.get, c), mul(high.get, s))),
          store(x.get, add(mul(high.get, c), mul(low.get, s)), half),
          pair.set(i32.add(pair.get, i32.const(bytes))),
        ];
      };
      return [
        last.set(i32.add(x.get, i32.mul(heads.get, i32.const(2 * half)))),
        whileLoop(i32.ltU(x.get, last.get), [
          pair.set(i32.const(0)),
          end.set(i32.add(x.get, i32.const(half))),
          forEach(x, end.get, bytes, turnPair()),
          x.set(i32.add(x.get, i32.const(half))),
        ]),
      ];
    },
  };
}
