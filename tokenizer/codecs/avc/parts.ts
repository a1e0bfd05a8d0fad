/** Splits the bytes of a document into named parts, for people who look at tokens. */
import type { Part } from '../codec.ts';
import { parseAvcDocument } from './document.ts';
import { IDR_SLICE, PPS, SEI, SLICE, SPS, splitNalUnits } from './nal.ts';

const UNIT_NAMES: Record<number, string> = { [SEI]: 'SEI', [SPS]: 'SPS', [PPS]: 'PPS' };

/** @throws CodecLmError `AVC_INVALID` for bytes that are not canonical */
export function partsOfAvc(bytes: Uint8Array): Part[] {
  const { macroblocksPerFrame } = parseAvcDocument(bytes);
  let slices = 0;
  return splitNalUnits(bytes).flatMap(({ type, payloadStart, end }) => {
    let name = UNIT_NAMES[type];
    if (type === SLICE || type === IDR_SLICE) {
      // A slice holds one macroblock.
      const frame = Math.floor(slices / macroblocksPerFrame);
      const kind = type === IDR_SLICE ? 'IDR frame' : 'frame';
      name = `${kind} ${frame} macroblock ${slices++ % macroblocksPerFrame}`;
    }
    return [
      { name: 'start code', end: payloadStart },
      { name, end },
    ];
  });
}
