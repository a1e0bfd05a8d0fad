/**
 * The safetensors format: eight bytes of header length (little-endian), a JSON header of names,
 * types, shapes and offsets, then the tensors' bytes. A file may come from anywhere, so every
 * number in its header is checked before it is used.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { CodecLmError, fileError, messageOf } from '../../schemas/error.ts';
import type { Weights } from '../model/init.ts';
import { BYTES_PER_ELEMENT, FLOAT_TYPES, type FloatType, toFloat32 } from './floats.ts';

/** The format's own cap on the header: 100 MB. */
const MAX_HEADER = 100_000_000;
/** 4 GiB of fp32: more than the largest matrix of any published Llama. */
const MAX_ELEMENTS = 2 ** 30;
/** One system call reads less than 2 GiB. */
const CHUNK = 2 ** 28;

const entrySchema = z.strictObject({
  dtype: z.enum(FLOAT_TYPES),
  shape: z.array(z.int().min(0).max(MAX_ELEMENTS)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

interface Entry {
  name: string;
  dtype: FloatType;
  shape: number[];
  /** Bytes from the beginning of the data. */
  start: number;
  end: number;
}

interface Header {
  entries: Entry[];
  metadata: Record<string, string>;
  /** Where the data begins in the file. */
  dataStart: number;
}

export interface SafetensorsFile {
  /** In the order of the data, widened to fp32. */
  tensors: Weights;
  metadata: Record<string, string>;
}

/** @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` saying what is wrong with the file */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const { entries, metadata, dataStart } = await readHeader(file, size, path);
    const tensors: Weights = new Map();
    for (const { name, dtype, shape, start, end } of entries) {
      const bytes = await readExactly(file, dataStart + start, end - start, path);
      tensors.set(name, { shape, data: toFloat32(bytes, dtype) });
    }
    return { tensors, metadata };
  } catch (error) {
    throw fileError(error, 'reading', path);
  } finally {
    await file?.close();
  }
}

/**
 * Writes fp32 tensors in the order of the map; the same map gives the same bytes. The file
 * appears whole or not at all.
 * @throws CodecLmError of the file system: `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function writeSafetensors(
  path: string,
  tensors: Weights,
  metadata: Record<string, string> = {},
): Promise<void> {
  const aside = `${path}.tmp-${process.pid}`;
  try {
    const file = await open(aside, 'w');
    try {
      await file.writeFile(encodeHeader(tensors, metadata));
      for (const { data } of tensors.values()) {
        await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw fileError(error, 'writing', path);
  }
}

function encodeHeader(tensors: Weights, metadata: Record<string, string>): Uint8Array {
  let offset = 0;
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  for (const [name, { shape, data }] of tensors) {
    const end = offset + data.byteLength;
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  // Spaces at the end keep the data aligned to eight bytes.
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, 8);
  return header;
}

async function readHeader(file: FileHandle, size: number, path: string): Promise<Header> {
  if (size < 10) throw invalid(path, `${size} bytes are too few for a header`);
  const length = Number((await readExactly(file, 0, 8, path)).readBigUInt64LE(0));
  if (length > MAX_HEADER || 8 + length > size) {
    throw invalid(path, `the header claims ${length} bytes, the file has ${size}`);
  }
  const text = (await readExactly(file, 8, length, path)).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(path, `the header is no JSON: ${messageOf(error)}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(path, 'the header is no JSON object');
  }
  const { __metadata__: metadata = {}, ...tensors } = json as Record<string, unknown>;
  const entries = Object.entries(tensors).map(([name, entry]) => checkEntry(name, entry, path));
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  checkOffsets(entries, size - 8 - length, path);
  const strings = z.record(z.string(), z.string()).safeParse(metadata);
  if (!strings.success) throw invalid(path, '__metadata__ is not text by name');
  return { entries, metadata: strings.data, dataStart: 8 + length };
}

function checkEntry(name: string, value: unknown, path: string): Entry {
  const result = entrySchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw invalid(path, `tensor ${name}: ${issue.path.join('.')}: ${issue.message}`);
  }
  const { dtype, shape, data_offsets } = result.data;
  const [start, end] = data_offsets;
  const elements = shape.reduce((product, length) => product * length, 1);
  if (elements > MAX_ELEMENTS || elements * BYTES_PER_ELEMENT[dtype] !== end - start) {
    throw invalid(path, `tensor ${name}: [${shape}] of ${dtype} is not ${end - start} bytes`);
  }
  return { name, dtype, shape, start, end };
}

/** The format allows no overlap and no hole: both could hide something. */
function checkOffsets(entries: Entry[], dataSize: number, path: string): void {
  let expected = 0;
  for (const { name, start, end } of entries) {
    if (start !== expected) {
      throw invalid(path, `tensor ${name} begins at byte ${start} of the data, not ${expected}`);
    }
    expected = end;
  }
  if (expected !== dataSize) {
    throw invalid(path, `the tensors take ${expected} bytes, the file has ${dataSize}`);
  }
}

async function readExactly(
  file: FileHandle,
  position: number,
  length: number,
  path: string,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const part = Math.min(CHUNK, length - done);
    const { bytesRead } = await file.read(buffer, done, part, position + done);
    if (bytesRead === 0) throw invalid(path, 'the file became shorter while it was read');
    done += bytesRead;
  }
  return buffer;
}

function invalid(path: string, message: string): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, {
    path,
    hint: 'the file is damaged or no safetensors file; save or download it again',
  });
}
