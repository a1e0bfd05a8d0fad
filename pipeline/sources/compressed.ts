/**
 * Recognizes archives and compressed files that are not supported, by their first bytes, whatever
 * their name is.
 */
import { type ByteString, extensionOf } from '../plan/byte-strings.ts';
import type { Archive } from './tar/open.ts';

export interface Compression {
  name: string;
  /** The program that decompresses it; undefined for an archive, which has to be unpacked. */
  undo?: string;
}

/** First bytes (Latin-1), from the formats' specifications. */
const MAGIC: readonly (readonly [bytes: string, compression: Compression])[] = [
  ['\x1f\x8b', { name: 'gzip', undo: 'gunzip' }],
  ['\x1f\x9d', { name: 'compress', undo: 'gunzip' }],
  ['BZh', { name: 'bzip2', undo: 'bunzip2' }],
  ['\xfd7zXZ\0', { name: 'xz', undo: 'unxz' }],
  ['\x5d\0\0', { name: 'lzma', undo: 'unlzma' }],
  ['LZIP', { name: 'lzip', undo: 'lzip -d' }],
  ['\x28\xb5\x2f\xfd', { name: 'zstd', undo: 'unzstd' }],
  ['\x04\x22\x4d\x18', { name: 'lz4', undo: 'unlz4' }],
  ['PK\x03\x04', { name: 'zip' }],
  ['PK\x05\x06', { name: 'zip' }],
  ['7z\xbc\xaf\x27\x1c', { name: '7z' }],
  ['Rar!\x1a\x07', { name: 'rar' }],
];

/** Extensions of whole archives. */
const ARCHIVES = new Set('.tgz .taz .tbz .tbz2 .txz .tlz .tzst .zip .7z .rar'.split(' '));
/** Extensions of single compressed files, which may contain an archive. */
const COMPRESSED = new Set('.gz .z .bz2 .xz .lzma .lz .zst .lz4'.split(' '));

const HEAD_BYTES = 8;

/** @returns undefined for a file that is not compressed */
export async function compressionOf(file: Archive): Promise<Compression | undefined> {
  const head = (await file.read(0, HEAD_BYTES)).toString('latin1');
  return MAGIC.find(([bytes]) => head.startsWith(bytes))?.[1];
}

/** The problem, and the way to solve it. */
export function compressionProblem(path: ByteString, { name, undo }: Compression): string {
  if (!undo) return `a ${name} archive, which is not supported: unpack it and name the folder`;
  const what = extensionOf(path) === '.tar' || isTarName(path) ? 'an archive' : 'a file';
  return `${what} compressed with ${name}, which is not supported: unpack it first, as with ${undo}`;
}

/** Whether the name is `a.tar.gz` or a one-word form of it. */
function isTarName(path: ByteString): boolean {
  const extension = extensionOf(path);
  return ARCHIVES.has(extension) || (COMPRESSED.has(extension) && innerOf(path) === '.tar');
}

/**
 * Whether a name promises inputs: an archive, or one compressed input. Other compressed files
 * (`captions.jsonl.gz`) would not be inputs when they are unpacked either.
 */
export function isArchiveName(path: ByteString, inputs: ReadonlySet<string>): boolean {
  const extension = extensionOf(path);
  if (extension === '.tar' || isTarName(path)) return true;
  return COMPRESSED.has(extension) && inputs.has(innerOf(path));
}

function innerOf(path: ByteString): string {
  return extensionOf(path.slice(0, path.lastIndexOf('.')));
}
