/**
 * Packs integers of up to 16 bits into as few bits as they need: the bit-packed run of the Parquet
 * format (Encodings, "RLE/Bit-Packing Hybrid"), least significant bit first. Input and output are
 * typed arrays; kernels.ts does the work, one chunk at a time.
 */
import { kernelMemory, kernelsOf, PAGE_CHUNK, surveyKernel, VALUE_BLOCK } from './kernels.ts';

/** Number of bits that hold 0..count-1, at least one. */
export function bitWidth(count: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, count - 1)));
}

/** Number of bytes of `count` packed values; a run consists of whole groups of eight. */
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
 * Unpacks `count` values into `target` from `offset`.
 * @param source packedLength(count, width) bytes
 * @returns the largest value
 */
export function unpackBits(
  source: Uint8Array,
  width: number,
  target: Uint16Array | Int32Array,
  offset: number,
  count: number,
): number {
  const { unpack, unpackWide } = kernelsOf(width);
  const { values, wide, packed, result } = kernelMemory;
  // Arrays of one type are copied as memory; otherwise value by value.
  const isWide = target instanceof Int32Array;
  const [work, unpacked] = isWide ? [unpackWide, wide] : [unpack, values];
  let most = 0;
  for (let at = 0; at < count; at += PAGE_CHUNK) {
    const here = Math.min(PAGE_CHUNK, count - at);
    const from = (at / 8) * width;
    const length = packedLength(here, width);
    packed.set(source.subarray(from, from + length));
    // Clear the bytes behind the data: they belong to the previous chunk and would affect the
    // largest value.
    packed.fill(0, length, packedLength(inBlocks(here), width));
    work(inBlocks(here));
    target.set(unpacked.subarray(0, here), offset + at);
    for (let lane = 0; lane < 8; lane++) most = Math.max(most, result[lane]);
  }
  return most;
}

/** Result of one pass over ids. */
export interface Survey {
  most: number;
  /** Number of occurrences of the two given values. */
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
    // Do not count the zeros that fill up the chunk.
    if (first === 0) survey.first -= blocks - count;
    if (second === 0) survey.second -= blocks - count;
  }
  return survey;
}

/**
 * Copies values from index `at` into the memory of the kernels, with zeros behind them. @returns
 * their number
 */
function takeChunk(values: Uint16Array, at: number): number {
  const chunk = values.subarray(at, at + PAGE_CHUNK);
  kernelMemory.values.set(chunk);
  kernelMemory.values.fill(0, chunk.length, inBlocks(chunk.length));
  return chunk.length;
}

function inBlocks(count: number): number {
  return Math.ceil(count / VALUE_BLOCK) * VALUE_BLOCK;
}
