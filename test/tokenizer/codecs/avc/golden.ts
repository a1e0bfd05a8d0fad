/** Small documents that ffmpeg 5.1 with libx264 wrote from generated pictures. */
import { readFileSync } from 'node:fs';

export interface Golden {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Indices of the IDR frames. */
  readonly idr: readonly number[];
  readonly hasSei: boolean;
}

function golden(name: string, frames: number, idr: readonly number[], hasSei: boolean): Golden {
  const [width, height] = name.split('-')[1].split('x').map(Number);
  const file = new URL(`../../../golden/avc/${name}.h264`, import.meta.url);
  return { name, bytes: readFileSync(file), width, height, frames, idr, hasSei };
}

export const GOLDEN: readonly Golden[] = [
  // The paper's options at a smaller size.
  golden('paper-64x48', 6, [0], true),
  golden('cuts-48x32', 6, [0, 1, 2, 3, 4], true),
  // All P macroblock and sub-macroblock types, four reference frames.
  golden('partitions-64x64', 8, [0], false),
  // qp 1: long escapes. Chequers: almost nothing but escapes.
  golden('noise-32x32', 3, [0, 1, 2], false),
  golden('escapes-32x32', 3, [0], false),
  // A cropped size, deblocking offsets, a chroma qp offset.
  golden('crop-50x38', 6, [0, 3], true),
];
