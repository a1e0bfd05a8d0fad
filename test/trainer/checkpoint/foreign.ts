/** Checkpoints of the golden model with something changed, as they come from elsewhere. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from '../../helpers/temporary.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/llama/plain/model');

export interface RawTensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

export type RawTensors = Map<string, RawTensor>;

export interface Change {
  config?: object;
  tensors?: (tensors: RawTensors) => void;
  /** Instead of one file: which tensors go to which file of an index. */
  files?: (tensors: RawTensors) => Record<string, string[]>;
}

/** @returns a folder with the golden model, changed */
export async function changedModel(t: ExecutionContext, change: Change): Promise<string> {
  const dir = await temporaryFolder(t);
  await cp(GOLDEN, dir, { recursive: true });
  const config = JSON.parse(await readFile(join(GOLDEN, 'config.json'), 'utf8'));
  await writeFile(join(dir, 'config.json'), JSON.stringify({ ...config, ...change.config }));
  const path = join(dir, 'model.safetensors');
  const tensors = parse(await readFile(path));
  change.tensors?.(tensors);
  await rm(path);
  if (!change.files) await writeFile(path, build(tensors));
  else {
    const files = change.files(tensors);
    const map: Record<string, string> = {};
    for (const [file, names] of Object.entries(files)) {
      const own = new Map(names.map((name) => [name, tensors.get(name)!]));
      await writeFile(join(dir, file), build(own));
      for (const name of names) map[name] = file;
    }
    const index = JSON.stringify({ metadata: {}, weight_map: map });
    await writeFile(join(dir, 'model.safetensors.index.json'), index);
  }
  return dir;
}

export function floats(shape: number[], values: ArrayLike<number>): RawTensor {
  return { dtype: 'F32', shape, bytes: Buffer.from(Float32Array.from(values).buffer) };
}

export function doubles({ shape, bytes }: RawTensor): RawTensor {
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  return { dtype: 'F64', shape, bytes: Buffer.from(Float64Array.from(values).buffer) };
}

export function valuesOf({ bytes }: RawTensor): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

function parse(file: Buffer): RawTensors {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString());
  const tensors: RawTensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets } = entry as RawTensor & { data_offsets: [number, number] };
    const [start, end] = data_offsets.map((offset) => 8 + length + offset);
    tensors.set(name, { dtype, shape, bytes: file.subarray(start, end) });
  }
  return tensors;
}

function build(tensors: RawTensors): Buffer {
  let offset = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, bytes }]) => {
      const entry = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
      offset += bytes.length;
      return [name, entry];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([start, json, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}
