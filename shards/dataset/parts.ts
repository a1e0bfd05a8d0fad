/** What the bytes of a document are parts of, by name: for people who look at tokens. */

import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { parseAvcDocument } from '../../tokenizer/codecs/avc/document.ts';
import { IDR_SLICE, PPS, SEI, SLICE, SPS, splitNalUnits } from '../../tokenizer/codecs/avc/nal.ts';
import { parseDocument } from '../../tokenizer/codecs/jpeg/document.ts';
import { HEADER_LENGTH } from '../../tokenizer/codecs/jpeg/header.ts';

/** A stretch of bytes that begins where the part before ends. */
export interface Part {
  name: string;
  /** Offset after its last byte. */
  end: number;
}

/** Segments of the canonical header and the lengths that they end at (ITU-T T.81, table B.1). */
const JPEG_HEADER: Part[] = [
  { name: 'SOI', end: 2 },
  { name: 'APP0', end: 20 },
  { name: 'SOF0', end: 39 },
  { name: 'DRI', end: 45 },
  { name: 'SOS', end: HEADER_LENGTH },
];

const MARKER_BYTES = 2;

/** @throws CodecLmError `JPEG_INVALID` for bytes that are not canonical */
export function partsOfJpeg(bytes: Uint8Array): Part[] {
  const { mcuOffsets } = parseDocument(bytes);
  const parts = [...JPEG_HEADER];
  for (let mcu = 0; mcu < mcuOffsets.length; mcu++) {
    const isLast = mcu === mcuOffsets.length - 1;
    const end = isLast ? bytes.length : mcuOffsets[mcu + 1];
    parts.push({ name: `MCU ${mcu}`, end: end - MARKER_BYTES });
    parts.push({ name: isLast ? 'EOI' : `RST${mcu & 7}`, end });
  }
  return parts;
}

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

/**
 * What each token of a whole document says.
 * @param ids `<bos> tokens <eos>`
 * @returns e.g. `MCU 3, RST3` for a token of the last byte of an MCU and the marker after it
 */
export function readingsOf(ids: Uint16Array, bpe: ByteBpe, parts: Part[]): string[] {
  let part = 0;
  let offset = 0;
  return Array.from(ids, (id) => {
    if (id >= bpe.bosId) return '';
    const end = offset + bpe.tokenBytes(id).length;
    const names: string[] = [];
    while (part < parts.length && offset < end) {
      if (parts[part].end > offset) names.push(parts[part].name);
      if (parts[part].end > end) break;
      offset = parts[part].end;
      part++;
    }
    offset = end;
    return names.join(', ');
  });
}
