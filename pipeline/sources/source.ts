/** What a source of inputs is: where inputs are named, and what one input is. */
import { dirname } from 'node:path';
import { type ByteString, escapePath, join, unescapePath } from '../plan/byte-strings.ts';

/** One input, as a line of the plan holds it. */
export interface Input {
  /** Index of the SRC argument it was found under. */
  source: number;
  /** Relative to the base of the source; '' when the source is the file itself. */
  path: ByteString;
  /** Where the input lies inside an archive. */
  member?: Member;
}

export interface Member {
  name: ByteString;
  /** Of the content, in bytes from the start of the archive. */
  offset: number;
  /** Of the file, in bytes: with the holes of a sparse one. */
  size: number;
  /**
   * Where the headers of the member begin, if the one before its content does not tell all: of a sparse
   * file, where its parts belong; of others, a size that only an extended header has.
   */
  headersAt?: number;
}

/** What a listing tells besides the inputs. */
export interface ListingReport {
  /** A file whose name is not that of an input. */
  ignored(extension: string): void;
  /** Something that is passed over, and no input is lost by it. */
  problem(path: ByteString, problem: string): void;
  /** Something whose inputs, some or all, are not in the plan: the dataset lacks them. */
  unread(path: ByteString, problem: string): void;
}

/** Yields inputs in any order: the plan orders them. */
export type Lister = (
  source: number,
  base: ByteString,
  context: ListingContext,
) => AsyncGenerator<Input>;

export interface ListingContext {
  report: ListingReport;
  /** Lower-case, with dot: files of other names in folders and archives are passed over. */
  extensions: ReadonlySet<string>;
  /** Folders already walked, as `device:inode`: shared by all sources of a plan. */
  visited: Set<string>;
  /** Never walked: the dataset being written may lie inside a source. */
  excluded: ByteString;
  signal?: AbortSignal;
}

/** A name without extension may be an image; a hidden file is the system's. */
export function isInputName(
  path: ByteString,
  extension: string,
  { extensions }: ListingContext,
): boolean {
  if (path.slice(path.lastIndexOf('/') + 1).startsWith('.')) return false;
  return extension === '' || extensions.has(extension);
}

/** @param source as plan.json names it: `/corpus`, `/corpus/a.jpg`, `@/lists/a.txt` */
export function baseOf(source: string): ByteString {
  return unescapePath(source.startsWith('@') ? dirname(source.slice(1)) : source);
}

/** The file that holds the input. */
export function sourceFileOf(bases: readonly ByteString[], input: Input): ByteString {
  if (input.path === '') return bases[input.source];
  return input.path.startsWith('/') ? input.path : join(bases[input.source], input.path);
}

/** What documents and failures call the input: its file, and its name in the archive after that. */
export function labelOf(bases: readonly ByteString[], input: Input): string {
  const file = sourceFileOf(bases, input);
  return escapePath(input.member ? `${file}/${input.member.name}` : file);
}

/** Tab-separated; names are escaped, so a tab or a newline in one is no separator. */
export function formatInput({ source, path, member }: Input): string {
  const fields = [source, escapePath(path)];
  if (member) fields.push(escapePath(member.name), member.offset, member.size);
  if (member?.headersAt !== undefined) fields.push(member.headersAt);
  return fields.join('\t');
}

/** The inverse of {@link formatInput}. */
export function parseInput(line: string): Input {
  const [source, path, name, offset, size, headersAt] = line.split('\t');
  const input: Input = { source: Number(source), path: unescapePath(path) };
  if (name !== undefined) {
    input.member = { name: unescapePath(name), offset: Number(offset), size: Number(size) };
    if (headersAt !== undefined) input.member.headersAt = Number(headersAt);
  }
  return input;
}
