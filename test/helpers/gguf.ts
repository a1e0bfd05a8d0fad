/** A small reader of GGUF files, by the format's own description, to check what is written. */
import { readFile } from 'node:fs/promises';

export interface GgufTensor {
  /** Columns first, as the file has it. */
  dims: number[];
  /** GGML's number. */
  type: number;
  /** From the beginning of the data. */
  offset: number;
  /** As long as its type and shape say. */
  bytes: Buffer;
}

export interface GgufFile {
  version: number;
  metadata: Map<string, unknown>;
  tensors: Map<string, GgufTensor>;
  /** Bytes behind the last tensor. */
  rest: number;
}

/** Elements and bytes of a block, by GGML's number. */
const BLOCKS: Record<number, [elements: number, bytes: number]> = {
  0: [1, 4],
  1: [1, 2],
  8: [32, 34],
  30: [1, 2],
};

export async function readGguf(path: string, alignment = 32): Promise<GgufFile> {
  const file = await readFile(path);
  let at = 0;
  const take = (bytes: number) => file.subarray(at, (at += bytes));
  const u32 = () => take(4).readUInt32LE();
  const u64 = () => Number(take(8).readBigUInt64LE());
  const text = () => take(u64()).toString('utf8');
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return take(4).readInt32LE();
    if (type === 6) return take(4).readFloatLE();
    if (type === 7) return take(1)[0] === 1;
    if (type === 8) return text();
    if (type !== 9) throw new Error(`a value of type ${type}`);
    const element = u32();
    return Array.from({ length: u64() }, () => value(element));
  };
  if (take(4).toString() !== 'GGUF') throw new Error('no GGUF file');
  const version = u32();
  const [tensorCount, valueCount] = [u64(), u64()];
  const metadata = new Map<string, unknown>();
  for (let i = 0; i < valueCount; i++) metadata.set(text(), value(u32()));
  const infos = Array.from({ length: tensorCount }, () => {
    const name = text();
    const dims = Array.from({ length: u32() }, u64);
    return { name, dims, type: u32(), offset: u64() };
  });
  const start = Math.ceil(at / alignment) * alignment;
  let end = start;
  const tensors = new Map<string, GgufTensor>();
  for (const { name, dims, type, offset } of infos) {
    const [elements, size] = BLOCKS[type];
    const length = (dims.reduce((product, dim) => product * dim, 1) / elements) * size;
    const from = start + offset;
    end = from + length;
    tensors.set(name, { dims, type, offset, bytes: file.subarray(from, end) });
  }
  return { version, metadata, tensors, rest: file.length - end };
}
