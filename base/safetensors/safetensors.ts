/**
 * The safetensors format: eight bytes of header length (little-endian), a JSON header of names,
 * types, shapes and offsets, then the tensors' bytes.
 */
import type { FileHandle } from 'node:fs/promises';
import { type AtomicFile, writeAtomically } from '../atomic-file.ts';
import { withFile } from '../files.ts';
import { type FloatType, fromFloat32, toFloat32 } from './floats.ts';
import {
  encodeTensorsHeader,
  invalidTensors,
  MAX_TENSORS_HEADER,
  parseTensorsHeader,
  type TensorsHeader,
} from './header.ts';
import { readExactly } from './read-exactly.ts';
import type { StoredTensor } from './stored.ts';
import type { Weights } from './weights.ts';

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
  return withFile(path, async (file) => {
    const { entries, metadata, dataStart } = await readHeader(file, path);
    const tensors: Weights = new Map();
    for (const { name, dtype, shape, start, end } of entries) {
      if (wanted && !wanted.has(name)) continue;
      const bytes = await readPart(file, dataStart + start, end - start, path);
      tensors.set(name, { shape, data: toFloat32(bytes, dtype) });
    }
    return { tensors, metadata };
  });
}

/**
 * Where the tensors lie; values are read later, one tensor at a time.
 * @throws CodecLmError as `readSafetensors`
 */
export async function listSafetensors(path: string): Promise<Map<string, StoredTensor>> {
  return withFile(path, async (file) => {
    const { entries, dataStart } = await readHeader(file, path);
    return new Map(
      entries.map(({ name, dtype, shape, start, end }) => {
        const read = () =>
          withFile(path, (again) => readPart(again, dataStart + start, end - start, path));
        return [name, { dtype, shape, read }];
      }),
    );
  });
}

/**
 * Writes a file. The same content gives the same bytes. The file appears complete or not at all.
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function streamSafetensors(path: string, content: SafetensorsContent): Promise<void> {
  const { shapes, tensors, dtype = 'F32', metadata = {} } = content;
  const fill = async (file: AtomicFile) => {
    const typed = new Map([...shapes].map(([name, shape]) => [name, { shape, dtype }]));
    await file.write(encodeTensorsHeader(typed, metadata));
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
  const length = Number((await readPart(file, 0, 8, path)).readBigUInt64LE(0));
  if (length > MAX_TENSORS_HEADER || 8 + length > size) {
    throw invalidTensors(path, `the header claims ${length} bytes, the file has ${size}`);
  }
  const text = (await readPart(file, 8, length, path)).toString('utf8');
  return { ...parseTensorsHeader(text, size - 8 - length, path), dataStart: 8 + length };
}

function readPart(
  file: FileHandle,
  position: number,
  length: number,
  path: string,
): Promise<Buffer> {
  return readExactly(file, position, length, () =>
    invalidTensors(path, 'the file became shorter while it was read'),
  );
}
