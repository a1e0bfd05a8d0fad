/**
 * Integers of up to 16 bits in as few bits as they need: the bit-packed run of
 * the Parquet format (Encodings, "RLE/Bit-Packing Hybrid"), least significant bit
 * first. Typed arrays in and out; the work is done by kernels.ts, a chunk at a time.
 */
import { kernelMemory, kernelsOf, PAGE_CHUNK, surveyKernel, VALUE_BLOCK } from './kernels.ts';

/** Bits that hold 0..count-1, at least one. */
export function bitWidth(count: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));
}

/** Bytes of `count` packed values; a run is made of whole groups of eight. */
export function packedLength(count: number, width: number): number {
  return Math.ceil(count / 8) * width;
}

/**
 * @param values each below 2 ** width
 * @param target takes packedLength(values.length, width) bytes from `offset`
 */
export function packBits(
  values: Uint16Array,
  width: number,
  target: Uint8Array,
  offset: number,
): void {
  const { pack } = kernelsOf(width);
  const { packed } = kernelMemory;
  for (let at = 0; at < values.length; at += PAGE_CHUNK) {
    const count = takeChunk(values, at);
    pack(inBlocks(count));
    const length = packedLength(count, width);
    target.set(packed.subarray(0, length), offset + (at / 8) * width);
  }
}

/**
 * The reverse, `count` values to `target` from `offset`.
 * @param source packedLength(count, width) bytes
 * @returns the largest of them
 */
export function unpackBits(
  source: Uint8Array,
  width: number,
  target: Uint16Array | Int32Array,
  offset: number,
  count: number,
): number {
  const { unpack } = kernelsOf(width);
  const { values, packed, result } = kernelMemory;
  let most = 0;
  for (let at = 0; at < count; at += PAGE_CHUNK) {
    const here = Math.min(PAGE_CHUNK, count - at);
    const from = (at / 8) * width;
    const length = packedLength(here, width);
    packed.set(source.subarray(from, from + length));
    // What lies behind is of the chunk before, and would count among the largest.
    packed.fill(0, length, packedLength(inBlocks(here), width));
    unpack(inBlocks(here));
    target.set(values.subarray(0, here), offset + at);
    most = Math.max(most, ...result.subarray(0, 8));
  }
  return most;
}

/** What one pass over ids tells. */
export interface Survey {
  most: number;
  /** Occurrences of the two values asked for. */
  first: number;
  second: number;
}

export function surveyValues(values: Uint16Array, first: number, second: number): Survey {
  const { result } = kernelMemory;
  const survey: Survey = { most: 0, first: 0, second: 0 };
  for (let at = 0; at < values.length; at += PAGE_CHUNK) {
    const count = takeChunk(values, at);
    const blocks = inBlocks(count);
    surveyKernel(blocks, first, second);
    survey.most = Math.max(survey.most, ...result.subarray(0, 8));
    for (let lane = 0; lane < 8; lane++) {
      survey.first += result[8 + lane];
      survey.second += result[16 + lane];
    }
    // The chunk was filled up with zeros.
    if (first === 0) survey.first -= blocks - count;
    if (second === 0) survey.second -= blocks - count;
  }
  return survey;
}

/** @returns how many of the values from `at` are in the kernels' memory now, zeros behind them */
function takeChunk(values: Uint16Array, at: number): number {
  const chunk = values.subarray(at, at + PAGE_CHUNK);
  kernelMemory.values.set(chunk);
  kernelMemory.values.fill(0, chunk.length, inBlocks(chunk.length));
  return chunk.length;
}

function inBlocks(count: number): number {
  return Math.ceil(count / VALUE_BLOCK) * VALUE_BLOCK;
}
