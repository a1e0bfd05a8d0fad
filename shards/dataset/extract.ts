/** Converts documents back to files: files that viewers open, or canonical bytes. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, systemCode } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { bytesOfSymbols } from '../../tokenizer/index.ts';
import type { ExtractEvent } from '../events.ts';
import type { Dataset } from './dataset.ts';
import type { DocumentTokens } from './segments.ts';
import { readTokenizerOf } from './tokenizer.ts';
import { openViewer } from './viewer.ts';

export interface ExtractOptions {
  /** A document id, or `all` (default). */
  doc?: number | 'all';
  /** Folder to write to. It is made if it does not exist; files in it are never overwritten. */
  to: string;
  /**
   * Write the document itself (.bin) instead of a viewable file: its bytes, or its symbols as
   * uint16, little-endian.
   */
  raw?: boolean;
  /** Stops before the next document. */
  signal?: AbortSignal;
  onEvent?(event: ExtractEvent): void;
}

/**
 * Files are named by document id, 8 digits: `00000042.jpg`, `00000042.bin`.
 * @returns the number of documents written
 * @throws CodecLmError `INPUT_NOT_FOUND` no such document; `OUTPUT_IN_USE` a file is there already;
 *   `DATASET_INVALID`, `SHARD_INVALID`, `JPEG_INVALID` for a damaged dataset
 */
export async function extractDocuments(dataset: Dataset, options: ExtractOptions): Promise<number> {
  const { doc = 'all', raw = false } = options;
  const { extension, fileOf } = await encoderOf(dataset, raw);
  const documents = doc === 'all' ? dataset.documents() : [await dataset.readDocument(doc)];
  const total = doc === 'all' ? dataset.manifest.totals.documents : 1;
  await makeFolder(options.to);
  let written = 0;
  for await (const document of documents) {
    if (options.signal?.aborted) break;
    const path = join(options.to, `${String(document.docId).padStart(8, '0')}${extension}`);
    await writeNew(path, await fileOf(document));
    written++;
    options.onEvent?.({ type: 'file', path, done: written, total });
  }
  return written;
}

async function encoderOf(dataset: Dataset, raw: boolean) {
  if (raw) {
    const tokenizer = await readTokenizerOf(dataset);
    const fileOf = ({ ids }: DocumentTokens) =>
      bytesOfSymbols(tokenizer.decode(ids.subarray(1, -1)));
    return { extension: '.bin', fileOf };
  }
  const viewer = await openViewer(dataset);
  const fileOf = async ({ docId, ids }: DocumentTokens) => {
    try {
      return await viewer.codec.view(viewer.symbolsOf(ids));
    } catch (error) {
      if (!(error instanceof CodecLmError)) throw error;
      throw new CodecLmError(error.code, `document ${docId}: ${error.message}`, {
        cause: error,
        hint: 'use `raw` to get its bytes unchanged',
      });
    }
  };
  return { extension: viewer.codec.definition.file.extension, fileOf };
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw writeError(error, path);
    throw new CodecLmError('OUTPUT_IN_USE', `${path} exists already`, {
      cause: error,
      path,
      hint: 'extract to another folder',
    });
  }
}
