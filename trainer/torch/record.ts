/** A part of a file that holds the values of a storage, or a pickle. */
import { withFile } from '../../base/files.ts';
import { readExactly } from '../../base/safetensors/read-exactly.ts';
import { invalidTorch } from './error.ts';

export interface FileRecord {
  /** Offset of the content in the file. */
  start: number;
  size: number;
}

/** A pickle of a 7B Llama has 60 kB; this many tensors have no name in any model. */
export const MAX_PICKLE = 64 * 2 ** 20;

/** @throws CodecLmError `CHECKPOINT_INVALID` for a file that has become shorter */
export async function readRecord(path: string, { start, size }: FileRecord): Promise<Buffer> {
  return withFile(path, (file) =>
    readExactly(file, start, size, () =>
      invalidTorch(path, 'the file became shorter while it was read'),
    ),
  );
}
