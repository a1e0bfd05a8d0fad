/**
 * The form of `torch.save` before release 1.6, which is no archive: five pickles (a magic number, the
 * version of the form, facts about the machine, the state dict, the keys of the storages), then each
 * storage as the number of its elements (int64) and its values.
 */
import type { FileHandle } from 'node:fs/promises';
import { withFile } from '../../base/files.ts';
import { readExactly } from '../../base/safetensors/read-exactly.ts';
import { invalidTorch } from './error.ts';
import { readPickle, type Unpickled } from './pickle.ts';
import { type FileRecord, MAX_PICKLE } from './record.ts';
import { Dict, STORAGE_BYTES, type Storage } from './values.ts';

/** The pickle of 0x1950a86a20f9469cfc6c, with which every such file begins. */
const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const VERSION = 1001;
/** Bytes in front of the values of a storage. */
const COUNT_BYTES = 8;

/** @param beginning of a file, of at least {@link OLD_FORM_BYTES} bytes where the file has them */
export function isOldForm(beginning: Buffer): boolean {
  return beginning.subarray(0, MAGIC.length).equals(MAGIC);
}

export const OLD_FORM_BYTES = MAGIC.length;

export interface OldForm {
  /** What the pickle of the state dict describes. */
  readonly value: unknown;
  /** Where the values of each storage lie, by its key. */
  readonly records: ReadonlyMap<string, FileRecord>;
}

/**
 * @param path of a file that {@link isOldForm} is true of
 * @throws CodecLmError `CHECKPOINT_INVALID` that names the file and what is wrong with it
 */
export function readOldForm(path: string): Promise<OldForm> {
  return withFile(path, async (file) => {
    const { size } = await file.stat();
    // Nothing says how long the pickles are. They come first, so that this much holds them all.
    const length = Math.min(size, MAX_PICKLE);
    const cutOff = () => invalidTorch(path, 'the file became shorter while it was read');
    const bytes = await readExactly(file, 0, length, cutOff);
    const version = readPickle(bytes, path, MAGIC.length);
    if (version.value !== VERSION) {
      throw invalidTorch(path, `its form has version ${String(version.value)}, not ${VERSION}`);
    }
    const machine = readPickle(bytes, path, version.end);
    checkMachine(machine.value, path);
    const state = readPickle(bytes, path, machine.end);
    const keys = readPickle(bytes, path, state.end);
    const storages = listed(keys.value, state, path);
    const records = await recordsOf(file, storages, { path, start: keys.end, size });
    return { value: state.value, records };
  });
}

function checkMachine(value: unknown, path: string): void {
  const isLittle = value instanceof Dict && value.entries.get('little_endian') === true;
  if (!isLittle) {
    throw invalidTorch(path, 'its numbers are not little-endian', 'save the model as safetensors');
  }
}

/** The storages of the state dict, in the order in which their values are stored. */
function listed(value: unknown, { storages }: Unpickled, path: string): Storage[] {
  if (!Array.isArray(value)) throw invalidTorch(path, 'it has no list of its storages');
  const found = new Map<string, Storage>();
  for (const key of value) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage) throw invalidTorch(path, 'it lists a storage that no tensor has');
    if (found.has(storage.key)) throw invalidTorch(path, `it lists ${storage.key} twice`);
    found.set(storage.key, storage);
  }
  return [...found.values()];
}

/** Goes from storage to storage: the sizes of all have to add up to that of the file. */
async function recordsOf(
  file: FileHandle,
  storages: readonly Storage[],
  { path, start, size }: FileRecord & { path: string },
): Promise<Map<string, FileRecord>> {
  const records = new Map<string, FileRecord>();
  let at = start;
  for (const { key, type, length } of storages) {
    const cutOff = () => invalidTorch(path, `it ends before the storage ${key}`);
    const count = (await readExactly(file, at, COUNT_BYTES, cutOff)).readBigInt64LE();
    if (count !== BigInt(length)) {
      throw invalidTorch(path, `the storage ${key} has ${count} elements, not ${length}`);
    }
    const record = { start: at + COUNT_BYTES, size: length * STORAGE_BYTES[type] };
    at = record.start + record.size;
    if (at > size) {
      throw invalidTorch(path, `the storage ${key} ends at byte ${at}, the file has ${size}`);
    }
    records.set(key, record);
  }
  if (at < size) throw invalidTorch(path, `${size - at} bytes are left over behind its storages`);
  return records;
}
