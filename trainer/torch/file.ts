/** The tensors of a file that `torch.save` wrote: a state dict, as `pytorch_model.bin` is. */
import { withFile } from '../../base/files.ts';
import type { StoredTensor } from '../../base/safetensors/stored.ts';
import { invalidTorch, quoted } from './error.ts';
import { isOldForm, OLD_FORM_BYTES, readOldForm } from './old-form.ts';
import { readPickle } from './pickle.ts';
import { type FileRecord, MAX_PICKLE, readRecord } from './record.ts';
import { contiguous, isContiguous, spanOf } from './strided.ts';
import { Dict, STORAGE_BYTES, TorchTensor } from './values.ts';
import { readZip } from './zip.ts';

const PICKLE = /^([^/]*)\/data\.pkl$/;
const FILE = /\/(data\.pkl|byteorder|data\/[\w-]+)$/;
/** The first bytes of an archive. */
const ZIP_MAGIC = Buffer.from('PK\u0003\u0004');

/** The value of the pickle, and where the values of its storages lie. */
interface Content {
  readonly value: unknown;
  /** @returns undefined for a storage that the file does not hold */
  readonly recordOf: (key: string) => FileRecord | undefined;
}

/**
 * Where the tensors lie; values are read later, one tensor at a time. Both forms are read: the archive,
 * and the pickles that releases before 1.6 wrote.
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` that names the file, and the tensor where
 *   there is one; `TOOL_MISSING` without the package yauzl, for archives
 */
export async function listTorchTensors(path: string): Promise<Map<string, StoredTensor>> {
  const { value, recordOf } = await contentOf(path);
  if (!(value instanceof Dict)) {
    throw invalidTorch(path, 'no state dict', 'save `model.state_dict()` and not the model');
  }
  return new Map(
    [...value.entries].map(([name, tensor]) => tensorEntry(name, tensor, path, recordOf)),
  );
}

async function contentOf(path: string): Promise<Content> {
  const beginning = await withFile(path, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(OLD_FORM_BYTES), 0);
    return buffer.subarray(0, bytesRead);
  });
  if (beginning.subarray(0, ZIP_MAGIC.length).equals(ZIP_MAGIC)) return archiveOf(path);
  if (isOldForm(beginning)) {
    const { value, records } = await readOldForm(path);
    return { value, recordOf: (key) => records.get(key) };
  }
  const found = beginning.subarray(0, ZIP_MAGIC.length).toString('hex');
  throw invalidTorch(path, `no file of torch.save: it begins with ${found || 'nothing'}`);
}

async function archiveOf(path: string): Promise<Content> {
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
  const { value } = readPickle(await readRecord(path, pickle), path);
  return { value, recordOf: (key) => records.get(`${root}/data/${key}`) };
}

function tensorEntry(
  name: unknown,
  value: unknown,
  path: string,
  recordOf: Content['recordOf'],
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
  const record = recordOf(storage.key);
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
async function readTensor(path: string, tensor: TorchTensor, record: FileRecord): Promise<Buffer> {
  const width = STORAGE_BYTES[tensor.storage.type];
  const span = spanOf(tensor);
  const start = record.start + tensor.offset * width;
  const bytes = await readRecord(path, { start, size: span * width });
  return isContiguous(tensor) ? bytes : contiguous(bytes, tensor, width);
}

/** Releases before 2.1 do not say; all machines that torch runs on are little-endian but one. */
async function checkByteOrder(path: string, record: FileRecord | undefined): Promise<void> {
  if (!record || (record.size === 6 && (await readText(path, record)) === 'little')) return;
  throw invalidTorch(path, 'its numbers are not little-endian', 'save the model as safetensors');
}

async function readText(path: string, record: FileRecord): Promise<string> {
  return (await readRecord(path, record)).toString('latin1');
}
