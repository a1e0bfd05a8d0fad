/** Reads a canonical AVC document: its size, and where each frame lies. */
import { CodecLmError } from '../../schemas/error.ts';
import { IDR_SLICE, SEI, SLICE, SPS, splitNalUnits } from './nal.ts';

export interface AvcFrame {
  /** Offset of its first NAL unit's start code, parameter sets and SEI included. */
  readonly offset: number;
  /** Offset after its last slice. */
  readonly end: number;
  readonly isIdr: boolean;
}

export interface AvcDocument {
  /** Size of the video in pixels. */
  readonly width: number;
  readonly height: number;
  readonly macroblocksWide: number;
  readonly macroblocksHigh: number;
  readonly macroblocksPerFrame: number;
  readonly frames: readonly AvcFrame[];
  /** Whether there is supplemental information (x264 writes its version and options so). */
  readonly hasSei: boolean;
}

/**
 * @param bytes a canonical document, and nothing after it
 * @throws CodecLmError `AVC_INVALID` that names frame, macroblock, syntax element and byte
 */
export function parseAvcDocument(bytes: Uint8Array): AvcDocument {
  const units = splitNalUnits(bytes);
  const sps = units.find((unit) => unit.type === SPS);
  if (sps === undefined) throw new CodecLmError('AVC_INVALID', 'no sequence parameter set');
  const { width, height } = sizeOf(bytes.subarray(sps.payloadStart, sps.end));
  const macroblocksWide = Math.ceil(width / 16);
  const macroblocksHigh = Math.ceil(height / 16);
  const macroblocksPerFrame = macroblocksWide * macroblocksHigh;
  const frames: AvcFrame[] = [];
  let offset = 0;
  let slices = 0;
  for (const { type, end } of units) {
    if (type !== SLICE && type !== IDR_SLICE) continue;
    if (++slices % macroblocksPerFrame !== 0) continue;
    frames.push({ offset, end, isIdr: type === IDR_SLICE });
    offset = end;
  }
  if (frames.length === 0 || slices % macroblocksPerFrame !== 0) {
    throw new CodecLmError('AVC_INVALID', `${slices} slices are not whole frames`);
  }
  const hasSei = units.some((unit) => unit.type === SEI);
  return { width, height, macroblocksWide, macroblocksHigh, macroblocksPerFrame, frames, hasSei };
}

/** Size in whole macroblocks, from a sequence parameter set of the baseline profile (H.264 7.3.2.1.1). */
function sizeOf(sps: Uint8Array): { width: number; height: number } {
  let position = 32;
  const bit = () => (sps[position >> 3] >> (7 - (position++ & 7))) & 1;
  const ue = () => {
    let zeros = 0;
    while (bit() === 0 && zeros < 20) zeros++;
    let value = 1;
    for (let i = 0; i < zeros; i++) value = 2 * value + bit();
    return value - 1;
  };
  ue();
  ue();
  if (ue() === 0) ue();
  ue();
  bit();
  return { width: 16 * (ue() + 1), height: 16 * (ue() + 1) };
}
