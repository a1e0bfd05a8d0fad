/** The zip archive that `torch.save` writes: where the content of its records lies. */
import type { Entry, ZipFile } from 'yauzl';
import { CodecLmError, messageOf, systemCode } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { loadOptional } from '../../base/optional.ts';
import { invalidTorch } from './error.ts';
import type { FileRecord } from './record.ts';

/** A 7B Llama has some 300; a record costs two reads of the list. */
const MAX_RECORDS = 100_000;
const STORED = 0;
const ENCRYPTED = 1;

/**
 * Looks for records and reads no content. Where one begins is said by the header in front of it alone:
 * torch pads that header, so that the content is aligned, and leaves the sizes in it empty.
 * @param isWanted whether a record is to be found, by its name
 * @returns the wanted ones, and the names of all
 * @throws CodecLmError `INPUT_NOT_FOUND` …; `CHECKPOINT_INVALID` that names the file and what is wrong
 *   with it; `TOOL_MISSING` without the package yauzl
 */
export async function readZip(
  path: string,
  isWanted: (name: string) => boolean,
): Promise<{ names: string[]; records: Map<string, FileRecord> }> {
  const { openPromise } = loadOptional<typeof import('yauzl')>('yauzl', 'weights saved by torch');
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { autoClose: false });
    const entries = await listEntries(zip, path);
    const records = new Map<string, FileRecord>();
    for (const entry of entries) {
      const { fileName, compressedSize: size } = entry;
      if (!isWanted(fileName)) continue;
      if (records.has(fileName)) throw invalidTorch(path, `two records are called ${fileName}`);
      checkStored(entry, path);
      records.set(fileName, { start: await contentStart(zip, entry), size });
    }
    return { names: entries.map(({ fileName }) => fileName), records };
  } catch (error) {
    if (error instanceof CodecLmError) throw error;
    if (systemCode(error)) throw readError(error, path);
    throw invalidTorch(path, `no whole zip archive: ${messageOf(error)}`);
  } finally {
    zip?.close();
  }
}

function listEntries(zip: ZipFile, path: string): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    if (zip.entryCount > MAX_RECORDS) {
      reject(invalidTorch(path, `${zip.entryCount} records, at most ${MAX_RECORDS} are read`));
      return;
    }
    const entries: Entry[] = [];
    zip.on('error', reject);
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function checkStored(entry: Entry, path: string): void {
  const { fileName, compressionMethod, generalPurposeBitFlag } = entry;
  const isPlain = compressionMethod === STORED && (generalPurposeBitFlag & ENCRYPTED) === 0;
  if (isPlain && entry.compressedSize === entry.uncompressedSize) return;
  throw invalidTorch(
    path,
    `the record ${fileName} is compressed or encrypted, which torch.save never does`,
  );
}

/** yauzl has checked that the content ends within the file. */
function contentStart(zip: ZipFile, entry: Entry): Promise<number> {
  return new Promise((resolve, reject) => {
    zip.readLocalFileHeader(entry, { minimal: true }, (error, header) => {
      if (error) reject(error);
      else resolve(header.fileDataStart);
    });
  });
}
