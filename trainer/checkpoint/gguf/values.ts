/**
 * The head of a GGUF file, version 3: magic, version, counts, metadata, then name, shape, type and
 * offset of each tensor, all little-endian (docs/gguf.md of ggml). Data follow, each tensor aligned.
 */

/** Alignment of the data, in bytes; what readers assume when no key names another. */
export const ALIGNMENT = 32;

const MAGIC = 'GGUF';
const VERSION = 3;

/** Numbers of the types of metadata values. */
const TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

/** A value of the metadata with its type: files say them apart, and readers insist on them. */
export type GgufValue =
  | { type: 'u32' | 'i32' | 'f32'; value: number }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'i32s'; value: readonly number[] };

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** A tensor before its data are written. */
export interface GgufTensorInfo {
  name: string;
  /** As Hugging Face and NumPy say it: [rows, columns]. GGUF has the columns first. */
  shape: readonly number[];
  /** GGML's number of the type. */
  type: number;
  /** Size of the data. */
  bytes: number;
}

/** @returns the bytes in front of the first tensor's data, padded to the alignment */
export function encodeHead(metadata: GgufMetadata, tensors: readonly GgufTensorInfo[]): Uint8Array {
  const parts = [Buffer.from(MAGIC), u32(VERSION), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(string(key), ...encodeValue(value));
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    const columnsFirst = shape.toReversed().map(u64);
    parts.push(string(name), u32(shape.length), ...columnsFirst, u32(type), u64(offset));
    offset += bytes + paddingAfter(bytes);
  }
  const head = Buffer.concat(parts);
  return Buffer.concat([head, Buffer.alloc(paddingAfter(head.length))]);
}

/** Zeros that bring a length to the alignment. */
export function paddingAfter(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}

function encodeValue(value: GgufValue): Buffer[] {
  switch (value.type) {
    case 'strings':
      return [...arrayOf(TYPES.string, value.value.length), ...value.value.map(string)];
    case 'i32s':
      return [...arrayOf(TYPES.i32, value.value.length), ...value.value.map(i32)];
    case 'string':
      return [u32(TYPES.string), string(value.value)];
    case 'bool':
      return [u32(TYPES.bool), Buffer.from([value.value ? 1 : 0])];
    case 'u32':
      return [u32(TYPES.u32), u32(value.value)];
    case 'i32':
      return [u32(TYPES.i32), i32(value.value)];
    case 'f32':
      return [u32(TYPES.f32), f32(value.value)];
  }
}

function arrayOf(element: number, length: number): Buffer[] {
  return [u32(TYPES.array), u32(element), u64(length)];
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
