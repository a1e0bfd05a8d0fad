/**
 * The safetensors format: eight bytes of header length (little-endian), a JSON header of names,
 * types, shapes and offsets, then the tensors' bytes.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type AtomicFile, writeAtomically } from '../../base/atomic-file.ts';
import { readError } from '../../base/file-error.ts';
import type { Weights } from '../model/init.ts';
import { type FloatType, fromFloat32, toFloat32 } from './floats.ts';
import {
  encodeHeader,
  invalidTensors,
  MAX_TENSORS_HEADER,
  parseTensorsHeader,
  type TensorsHeader,
} from './header.ts';

/** Bytes per read; one system call reads less than 2 GiB. */
const CHUNK = 2 ** 28;

export interface SafetensorsFile {
  /** Tensors in the order of the data, widened to fp32. */
  tensors: Weights;
  metadata: Record<string, string>;
}

/** The content of a file, tensor by tensor, so that not all of it is in memory. */
export interface SafetensorsContent {
  /** Shapes by name, in the order of the data. */
  shapes: ReadonlyMap<string, number[]>;
  /** Data in the same order. */
  tensors: AsyncIterable<readonly [name: string, data: Float32Array]>;
  /** Type in the file, rounded to the nearest; default fp32. */
  dtype?: FloatType;
  metadata?: Record<string, string>;
}

/**
 * @param wanted names of the tensors to read; names that do not exist are ignored; default all
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` saying what is wrong with the file
 */
export async function readSafetensors(
  path: string,
  wanted?: ReadonlySet<string>,
): Promise<SafetensorsFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { entries, metadata, dataStart } = await readHeader(file, path);
    const tensors: Weights = new Map();
    for (const { name, dtype, shape, start, end } of entries) {
      if (wanted && !wanted.has(name)) continue;
      const bytes = await readExactly(file, dataStart + start, end - start, path);
      tensors.set(name, { shape, data: toFloat32(bytes, dtype) });
    }
    return { tensors, metadata };
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}

/**
 * Shapes by name, without the data.
 * @throws CodecLmError as `readSafetensors`
 */
export async function readShapes(path: string): Promise<Map<string, number[]>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { entries } = await readHeader(file, path);
    return new Map(entries.map(({ name, shape }) => [name, shape]));
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}

/**
 * Writes a file. The same content gives the same bytes. The file appears complete or not at all.
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function streamSafetensors(path: string, content: SafetensorsContent): Promise<void> {
  const { shapes, tensors, dtype = 'F32', metadata = {} } = content;
  const fill = async (file: AtomicFile) => {
    await file.write(encodeHeader(shapes, dtype, metadata));
    for await (const [, data] of tensors) await file.write(fromFloat32(data, dtype));
  };
  await writeAtomically(path, fill, { hashed: false });
}

/** Writes tensors that are in memory, in the order of the map, as fp32. */
export function writeSafetensors(
  path: string,
  tensors: Weights,
  metadata: Record<string, string> = {},
): Promise<void> {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  return streamSafetensors(path, { shapes, tensors: dataOf(tensors), metadata });
}

async function* dataOf(tensors: Weights) {
  for (const [name, { data }] of tensors) yield [name, data] as const;
}

async function readHeader(
  file: FileHandle,
  path: string,
): Promise<TensorsHeader & { dataStart: number }> {
  const { size } = await file.stat();
  if (size < 10) throw invalidTensors(path, `${size} bytes are too few for a header`);
  const length = Number((await readExactly(file, 0, 8, path)).readBigUInt64LE(0));
  if (length > MAX_TENSORS_HEADER || 8 + length > size) {
    throw invalidTensors(path, `the header claims ${length} bytes, the file has ${size}`);
  }
  const text = (await readExactly(file, 8, length, path)).toString('utf8');
  return { ...parseTensorsHeader(text, size - 8 - length, path), dataStart: 8 + length };
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
    if (bytesRead === 0) throw invalidTensors(path, 'the file became shorter while it was read');
    done += bytesRead;
  }
  return buffer;
}
