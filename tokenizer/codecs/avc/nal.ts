/**
 * Splits a byte stream into NAL units (ITU-T H.264 Annex B, and 7.3.1), and gives their payload
 * without the emulation prevention bytes.
 */

/** `nal_unit_type` (H.264 table 7-1) of what a document is made of. */
export const SLICE = 1;
export const IDR_SLICE = 5;
export const SEI = 6;
export const SPS = 7;
export const PPS = 8;

export interface NalUnit {
  /** `nal_unit_type`, 0..31. */
  readonly type: number;
  /** `nal_ref_idc`, 0..3. */
  readonly refIdc: number;
  /** Offset of its start code; a four-byte start code begins with `zero_byte`. */
  readonly start: number;
  /** Offset of its header byte, right after the start code. */
  readonly payloadStart: number;
  /** Offset after its last byte: the next start code, or the end. */
  readonly end: number;
}

/**
 * The NAL units of a stream, in order. Bytes before the first start code are ignored. Zero bytes
 * between units that are not part of a start code belong to the unit before. A start code at the
 * very end makes no unit.
 */
export function splitNalUnits(bytes: Uint8Array): NalUnit[] {
  const units: NalUnit[] = [];
  let payloadStart = nextPayload(bytes, 0);
  while (payloadStart < bytes.length) {
    const next = nextPayload(bytes, payloadStart);
    const found = next - START_CODE_BYTES >= payloadStart && isStartCode(bytes, next);
    const end = found ? startOf(bytes, next, payloadStart + 1) : bytes.length;
    const header = bytes[payloadStart];
    units.push({
      type: header & 31,
      refIdc: (header >> 5) & 3,
      start: startOf(bytes, payloadStart, units.at(-1)?.end ?? 0),
      payloadStart,
      end,
    });
    payloadStart = next;
  }
  return units;
}

const START_CODE_BYTES = 3;

/** The offset after the next start code 00 00 01 at or after `from`, or the end of the stream. */
function nextPayload(bytes: Uint8Array, from: number): number {
  for (let i = from + 2; i < bytes.length; ) {
    // A byte above 1 ends no start code, nor do the two bytes after it.
    if (bytes[i] > 1) i += 3;
    else if (bytes[i] === 0) i++;
    else if (bytes[i - 1] === 0 && bytes[i - 2] === 0) return i + 1;
    else i += 3;
  }
  return bytes.length;
}

function isStartCode(bytes: Uint8Array, end: number): boolean {
  return bytes[end - 1] === 1 && bytes[end - 2] === 0 && bytes[end - 3] === 0;
}

/**
 * The offset of the start code that ends at `payload`; a zero_byte is looked for only from `least`
 * on.
 */
function startOf(bytes: Uint8Array, payload: number, least: number): number {
  const start = payload - START_CODE_BYTES;
  return start - 1 >= least && bytes[start - 1] === 0 ? start - 1 : start;
}

/**
 * Copies the bytes of a NAL unit after its header, without each
 * `emulation_prevention_three_byte` (H.264 7.3.1): the RBSP.
 * @param into at least `end - start` bytes long
 * @returns the number of bytes written, or -1 - offset of the first byte that breaks
 *   7.4.1: 00 00 followed by 00, 01 or 02, by a 03 that protects nothing, or by the end
 */
export function readRbsp(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let length = 0;
  let zeros = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (zeros === 2 && byte <= 3) {
      if (byte !== 3 || i + 1 >= end || bytes[i + 1] > 3) return -1 - i;
      zeros = 0;
      continue;
    }
    into[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return length;
}

const LONG_START = Uint8Array.of(0, 0, 0, 1);

/**
 * Converts NAL units behind their lengths (ISO/IEC 14496-15) to a byte stream: four-byte start
 * codes before parameter sets and before the first unit of a frame, three-byte ones before the
 * others.
 * @returns undefined when the lengths do not fit
 */
export function toAnnexB(samples: Uint8Array): Uint8Array | undefined {
  const lengths = new DataView(samples.buffer, samples.byteOffset, samples.length);
  const parts: Uint8Array[] = [];
  // A frame has begun with parameter sets or an SEI, and its slices are still to come.
  let isBegun = false;
  for (let at = 0; at < samples.length; ) {
    const start = at + 4;
    const end = start < samples.length ? start + lengths.getUint32(at) : 0;
    if (end <= start || end > samples.length) return undefined;
    const type = samples[start] & 31;
    const isSlice = type === SLICE || type === IDR_SLICE;
    // The top bit of a slice is 1 when first_mb_in_slice is 0.
    const isFirst = !isBegun && (!isSlice || (samples[start + 1] & 0x80) !== 0);
    const isLong = isFirst || type === SPS || type === PPS;
    parts.push(isLong ? LONG_START : LONG_START.subarray(1), samples.subarray(start, end));
    isBegun = !isSlice;
    at = end;
  }
  return Buffer.concat(parts);
}
