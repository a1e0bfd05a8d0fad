/** The tensors of a file that `torch.save` wrote: a state dict, as `pytorch_model.bin` is. */
import { type FileHandle, open } from 'node:fs/promises';
import { readError } from '../../base/file-error.ts';
import { readExactly } from '../../base/safetensors/read-exactly.ts';
import type { StoredTensor } from '../../base/safetensors/stored.ts';
import { invalidTorch, quoted } from './error.ts';
import { readPickle } from './pickle.ts';
import { contiguous, isContiguous, spanOf } from './strided.ts';
import { Dict, STORAGE_BYTES, TorchTensor } from './values.ts';
import { readZip, type ZipRecord } from './zip.ts';

/** A pickle of a 7B Llama has 60 kB; this many tensors have no name in any model. */
const MAX_PICKLE = 64 * 2 ** 20;
const PICKLE = /^([^/]*)\/data\.pkl$/;
const FILE = /\/(data\.pkl|byteorder|data\/[\w-]+)$/;

/**
 * Where the tensors lie; values are read later, one tensor at a time.
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` that names the file, and the tensor where
 *   there is one; `TOOL_MISSING` without the package yauzl
 */
export async function listTorchTensors(path: string): Promise<Map<string, StoredTensor>> {
  const { names, records } = await readZip(path, (name) => FILE.test(name));
  const roots = names.map((name) => PICKLE.exec(name)?.[1]).filter((root) => root !== undefined);
  if (roots.length !== 1) throw invalidTorch(path, 'a zip archive, and no file of torch.save');
  const [root] = roots;
  if (names.includes(`${root}/constants.pkl`)) {
    throw invalidTorch(
      path,
      'a TorchScript archive, which holds code with its weights',
      "save the model's state dict instead, as safetensors",
    );
  }
  await checkByteOrder(path, records.get(`${root}/byteorder`));
  const pickle = records.get(`${root}/data.pkl`)!;
  if (pickle.size > MAX_PICKLE) {
    throw invalidTorch(path, `its pickle has ${pickle.size} bytes, at most ${MAX_PICKLE} are read`);
  }
  const dict = readPickle(await readRecord(path, pickle), path);
  if (!(dict instanceof Dict)) {
    throw invalidTorch(path, 'no state dict', 'save `model.state_dict()` and not the model');
  }
  return new Map(
    [...dict.entries].map(([name, value]) => tensorEntry(name, value, path, root, records)),
  );
}

function tensorEntry(
  name: unknown,
  value: unknown,
  path: string,
  root: string,
  records: ReadonlyMap<string, ZipRecord>,
): [string, StoredTensor] {
  if (typeof name !== 'string') throw invalidTorch(path, 'a tensor without a name');
  if (!(value instanceof TorchTensor)) {
    throw invalidTorch(
      path,
      `${quoted(name)} is no tensor`,
      'a state dict holds tensors by their names and nothing else; save `model.state_dict()`',
    );
  }
  const { storage, shape } = value;
  const record = records.get(`${root}/data/${storage.key}`);
  const bytes = storage.length * STORAGE_BYTES[storage.type];
  if (!record)
    throw invalidTorch(path, `tensor ${quoted(name)}: there is no record data/${storage.key}`);
  if (record.size !== bytes) {
    throw invalidTorch(
      path,
      `tensor ${quoted(name)}: its storage should have ${bytes} bytes, the record data/${storage.key} has ${record.size}`,
    );
  }
  const read = () => readTensor(path, value, record);
  return [name, { dtype: storage.type, shape: [...shape], read }];
}

/** The values in the order of their indices, whatever their order in the storage. */
async function readTensor(path: string, tensor: TorchTensor, record: ZipRecord): Promise<Buffer> {
  const width = STORAGE_BYTES[tensor.storage.type];
  const span = spanOf(tensor);
  const start = record.start + tensor.offset * width;
  const bytes = await readRecord(path, { start, size: span * width });
  return isContiguous(tensor) ? bytes : contiguous(bytes, tensor, width);
}

/** Releases before 2.1 do not say; all machines that torch runs on are little-endian but one. */
async function checkByteOrder(path: string, record: ZipRecord | undefined): Promise<void> {
  if (!record || (record.size === 6 && (await readText(path, record)) === 'little')) return;
  throw invalidTorch(path, 'its numbers are not little-endian', 'save the model as safetensors');
}

async function readText(path: string, record: ZipRecord): Promise<string> {
  return (await readRecord(path, record)).toString('latin1');
}

async function readRecord(path: string, { start, size }: ZipRecord): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await readExactly(file, start, size, () =>
      invalidTorch(path, 'the file became shorter while it was read'),
    );
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}
