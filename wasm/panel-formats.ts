/**
 * Number formats of weights in panels of 8 outputs, and how the weights of one input become two
 * vectors of fp32 in a kernel. All are exact: what is multiplied is the number that was stored.
 */
import { type Code, f32x4, i32x4, type Local, reading, simd, v128 } from './assembler.ts';
import { bits, u32x4 } from './integers.ts';

/** Outputs of a panel: two vectors. */
export const PANEL = 8;

export interface PanelFormat {
  /** The weights of one input in a panel, in bytes. */
  bytes: number;
  /** Sets the vectors of outputs 0..3 and 4..7 to the weights of one input. */
  read(w: Code, offset: number, low: Local, high: Local): Code;
}

export const FP32_PANELS: PanelFormat = {
  bytes: PANEL * 4,
  read: (w, offset, low, high) => [
    low.set(v128.load(w, offset)),
    high.set(v128.load(w, offset + 16)),
  ],
};

/** Sixteen bits of each of four lanes, widened with zeros or by their sign. */
const fourHalves = { zeros: reading(simd(4), 3), signed: reading(simd(3), 3) };

/** bfloat16 is the upper half of an fp32. */
export const BF16_PANELS: PanelFormat = {
  bytes: PANEL * 2,
  read: (w, offset, low, high) => [
    low.set(u32x4.shl(fourHalves.zeros(w, offset), 16)),
    high.set(u32x4.shl(fourHalves.zeros(w, offset + 8), 16)),
  ],
};

/** All but the three copies of the sign that widening puts above the exponent. */
const FP16_BITS = 0x8fffffff | 0;
/** The exponents' biases differ by 112. Of a subnormal half the product is exact as well. */
const FP16_SCALE = 2 ** 112;

/** Exponent and fraction of a binary16 move to where an fp32 has them. */
export const FP16_PANELS: PanelFormat = {
  bytes: PANEL * 2,
  read(w, offset, low, high) {
    const widened = (at: number): Code => {
      const moved = u32x4.shl(fourHalves.signed(w, at), 13);
      return f32x4.mul(bits.and(moved, i32x4.const(FP16_BITS)), f32x4.const(FP16_SCALE));
    };
    return [low.set(widened(offset)), high.set(widened(offset + 8))];
  },
};
