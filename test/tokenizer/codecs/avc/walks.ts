/** Documents made by chance, bit by bit, from what the grammar allows. */
import { BitWalk } from '../../../../tokenizer/codecs/avc/grammar/bits.ts';
import type { Target } from '../../../../tokenizer/codecs/avc/syntax/state.ts';
import {
  canGoOn,
  needsZeroByte,
  startOfDocument,
} from '../../../../tokenizer/codecs/avc/syntax/unit.ts';

export type RandomNumbers = () => number;

/** Small clips, some cropped. */
export function randomTarget(random: RandomNumbers): Target {
  const crop = () => (random() % 3 === 0 ? 2 * (random() % 8) : 0);
  return {
    width: 16 * (1 + (random() % 4)) - crop(),
    height: 16 * (1 + (random() % 3)) - crop(),
    frames: 2 + (random() % 5),
  };
}

/** A whole document; every bit is drawn where both are possible. */
export function randomDocument(target: Target, random: RandomNumbers): Uint8Array {
  const walk = new BitWalk(startOfDocument(target));
  const bytes: number[] = [];
  while (canGoOn(walk.syntax)) {
    const before = walk.syntax.copy();
    const [header, ...rbsp] = randomUnit(walk, random);
    const isLong = needsZeroByte(before, header & 31) || random() % 8 === 0;
    bytes.push(...(isLong ? [0, 0, 0, 1] : [0, 0, 1]), header, ...protect(rbsp));
  }
  return Uint8Array.from(bytes);
}

function randomUnit(walk: BitWalk, random: RandomNumbers): number[] {
  const bytes: number[] = [];
  while (!walk.isUnitRead) {
    let byte = 0;
    for (let i = 0; i < 8; i++) {
      const possible = [0, 1].filter((bit) => walk.allows(bit));
      if (possible.length === 0) throw new Error(`a dead end at ${walk.syntax.name}`);
      const bit = possible[(random() >>> 8) % possible.length];
      walk.step(bit);
      byte = 2 * byte + bit;
    }
    bytes.push(byte);
  }
  walk.finishUnit(bytes.slice(1));
  return bytes;
}

/** With an emulation prevention byte wherever 00 00 is followed by 00 to 03 (H.264 7.4.1). */
export function protect(rbsp: readonly number[]): number[] {
  const bytes: number[] = [];
  let zeros = 0;
  for (const byte of rbsp) {
    if (zeros === 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return bytes;
}
