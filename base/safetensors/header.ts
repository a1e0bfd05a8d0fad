/**
 * The header of a safetensors file: names, types, shapes and offsets. The origin of a file is
 * unknown, so every number is checked before it is used.
 */
import { z } from 'zod';
import { CodecLmError, messageOf } from '../error.ts';
import { BYTES_PER_ELEMENT, READABLE_TYPES, type ReadableType } from './floats.ts';

/** The format's own limit of the header: 100 MB. */
export const MAX_TENSORS_HEADER = 100_000_000;
/**
 * Most elements of a tensor: 4 GiB of fp32, more than the largest matrix of any published Llama.
 */
const MAX_ELEMENTS = 2 ** 30;

const entrySchema = z.strictObject({
  dtype: z.enum(READABLE_TYPES),
  shape: z.array(z.int().min(0).max(MAX_ELEMENTS)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

export interface TensorEntry {
  name: string;
  dtype: ReadableType;
  shape: number[];
  /** Offset in bytes from the beginning of the data. */
  start: number;
  end: number;
}

export interface TensorsHeader {
  /** Tensors in the order of their data. */
  entries: TensorEntry[];
  metadata: Record<string, string>;
}

/**
 * @param text JSON of the header
 * @param dataSize number of bytes after the header in the file
 * @param path path of the file, for the message
 * @throws CodecLmError `CHECKPOINT_INVALID`
 */
export function parseTensorsHeader(text: string, dataSize: number, path: string): TensorsHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalidTensors(path, `the header is not JSON: ${messageOf(error)}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalidTensors(path, 'the header is not a JSON object');
  }
  const { __metadata__: metadata = {}, ...tensors } = json as Record<string, unknown>;
  const entries = Object.entries(tensors).map(([name, entry]) => checkEntry(name, entry, path));
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  checkOffsets(entries, dataSize, path);
  const strings = z.record(z.string(), z.string()).safeParse(metadata);
  if (!strings.success) throw invalidTensors(path, '__metadata__ is not text by name');
  return { entries, metadata: strings.data };
}

/**
 * @param tensors types and shapes of the tensors, in the order of their data
 * @returns length and JSON, as they begin the file
 */
export function encodeTensorsHeader(
  tensors: ReadonlyMap<string, { shape: number[]; dtype: ReadableType }>,
  metadata: Record<string, string>,
): Uint8Array {
  let offset = 0;
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  for (const [name, { shape, dtype }] of tensors) {
    const end = offset + elementsOf(shape) * BYTES_PER_ELEMENT[dtype];
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  // Trailing spaces align the data to eight bytes.
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, 8);
  return header;
}

export function invalidTensors(path: string, message: string): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, {
    path,
    hint: 'the file is damaged or not a safetensors file; save or download it again',
  });
}

/**
 * The other types of the format (safetensors 0.8). They hold codes that mean nothing without their
 * scales, which a plain Llama does not have; transformers would use the codes as values.
 */
const CODED_TYPES = /^(BOOL|C64|[UI]\d+|F[468](_E\dM\d[A-Z]*)?)$/;

function checkType(name: string, value: unknown, path: string): void {
  const dtype = (value as { dtype?: unknown } | null)?.dtype;
  if (typeof dtype !== 'string' || !CODED_TYPES.test(dtype)) return;
  throw new CodecLmError(
    'CHECKPOINT_INVALID',
    `${path}: tensor ${name}: dtype ${dtype} is not supported (${READABLE_TYPES.join(', ')} are)`,
    {
      path,
      hint: 'turn the model back into bf16 or fp32 with the tool that quantized it, and save it again',
    },
  );
}

function checkEntry(name: string, value: unknown, path: string): TensorEntry {
  checkType(name, value, path);
  const result = entrySchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw invalidTensors(path, `tensor ${name}: ${issue.path.join('.')}: ${issue.message}`);
  }
  const { dtype, shape, data_offsets } = result.data;
  const [start, end] = data_offsets;
  const elements = elementsOf(shape);
  if (elements > MAX_ELEMENTS || elements * BYTES_PER_ELEMENT[dtype] !== end - start) {
    throw invalidTensors(
      path,
      `tensor ${name}: [${shape}] of ${dtype} is not ${end - start} bytes`,
    );
  }
  return { name, dtype, shape, start, end };
}

/**
 * Checks that tensors neither overlap nor leave gaps, as the format requires: both could hide data.
 */
function checkOffsets(entries: TensorEntry[], dataSize: number, path: string): void {
  let expected = 0;
  for (const { name, start, end } of entries) {
    if (start !== expected) {
      throw invalidTensors(
        path,
        `tensor ${name} begins at byte ${start} of the data, not ${expected}`,
      );
    }
    expected = end;
  }
  if (expected !== dataSize) {
    throw invalidTensors(path, `the tensors take ${expected} bytes, the file has ${dataSize}`);
  }
}

function elementsOf(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
