/** Numbers of 16 bits, all of them. */
import test from 'ava';
import { areHalvesFinite, toFloat32 } from '../../../base/safetensors/floats.ts';

const ALL = 65_536;

for (const type of ['F16', 'BF16'] as const) {
  test(`${type}: what is finite is finite as fp32, and nothing else`, (t) => {
    const widened = toFloat32(
      Buffer.from(Uint16Array.from({ length: ALL }, (_, i) => i).buffer),
      type,
    );
    const wrong: number[] = [];
    for (let half = 0; half < ALL; half++) {
      const bytes = Uint8Array.of(half & 255, half >> 8);
      if (areHalvesFinite(bytes, type) !== Number.isFinite(widened[half])) wrong.push(half);
    }
    t.deepEqual(wrong, []);
  });

  test(`${type}: one that is not finite is found anywhere, at any address`, (t) => {
    const memory = new Uint8Array(2 * 9 + 1);
    const bytes = memory.subarray(1);
    t.true(areHalvesFinite(bytes, type));
    for (let at = 0; at < bytes.length; at += 2) {
      bytes.set([0xff, 0x7f], at);
      t.false(areHalvesFinite(bytes, type), `element ${at / 2}`);
      bytes.set([0, 0], at);
    }
    t.true(areHalvesFinite(new Uint8Array(), type));
  });
}
