/** Sources of inputs, and single inputs. */
import { dirname } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import type { RawValue } from '../../schemas/columns.ts';
import type { ColumnCollector } from '../columns/collector.ts';
import {
  type ByteString,
  escapePath,
  isAbsolute,
  join,
  unescapePath,
} from '../plan/byte-strings.ts';

/** One input, as in a line of the plan. */
export interface Input {
  /** Index of the SRC argument in which it was found. */
  source: number;
  /** Path relative to the base of the source; '' when the source is the file itself. */
  path: ByteString;
  /** Place of the input inside an archive. */
  member?: Member;
  /** Row of the table that named it, counted from 1. */
  row?: number;
  /** Values of the columns that travel along, in their order. */
  values?: readonly RawValue[];
  /** Number of the clip, from 0, where a video gives several documents. */
  clip?: number;
}

export interface Member {
  name: ByteString;
  /** Offset of the content, in bytes from the start of the archive. */
  offset: number;
  /** Size of the file in bytes, including the holes of a sparse one. */
  size: number;
  /**
   * Offset of the first header of the member, if the header right before the content is not enough:
   * for a sparse file, whose parts it lists, and for a size that only an extended header has.
   */
  headersAt?: number;
}

/** Reports of a listing besides the inputs. */
export interface ListingReport {
  /** A file whose name is not that of an input. */
  ignored(extension: string): void;
  /** Something that is skipped without losing an input. */
  problem(path: ByteString, problem: string): void;
  /** Something with inputs that are missing from the plan, some or all: the dataset lacks them. */
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
  /** Extensions, lower-case, with dot: other files in folders and archives are skipped. */
  extensions: ReadonlySet<string>;
  /** Folders that were walked, as `device:inode`; all sources of a plan share them. */
  visited: Set<string>;
  /** Never walked, because the dataset being written may lie inside a source. */
  excluded: ByteString;
  /** The columns that travel along, if there are any. */
  columns?: ColumnCollector;
  signal?: AbortSignal;
}

/**
 * Whether a name can be that of an input. A name without extension may be an image; hidden files
 * belong to the system.
 */
export function isInputName(
  path: ByteString,
  extension: string,
  { extensions }: ListingContext,
): boolean {
  if (path.slice(path.lastIndexOf('/') + 1).startsWith('.')) return false;
  return extension === '' || extensions.has(extension);
}

/**
 * Whether the error ends the listing: object storage is away or refuses the credentials, so that more
 * than this file would be missed, or a column is not what was asked for.
 */
export function isFatal(error: unknown): boolean {
  if (!(error instanceof CodecLmError)) return false;
  return error.code.startsWith('STORAGE_') || error.code === 'LIST_INVALID';
}

/** @param source in the form of plan.json: `/corpus`, `/corpus/a.jpg`, `@/lists/a.txt` */
export function baseOf(source: string): ByteString {
  return unescapePath(source.startsWith('@') ? dirname(source.slice(1)) : source);
}

/** Path of the file that holds the input. */
export function sourceFileOf(bases: readonly ByteString[], input: Input): ByteString {
  if (input.path === '') return bases[input.source];
  return isAbsolute(input.path) ? input.path : join(bases[input.source], input.path);
}

/** Name of the input in documents and failures: its file, followed by its name in the archive. */
export function labelOf(bases: readonly ByteString[], input: Input): string {
  const file = sourceFileOf(bases, input);
  return escapePath(input.member ? `${file}/${input.member.name}` : file);
}

/** The last field of a line that stands for a clip. */
const CLIP = /^clip=(\d+)$/;

/** The line of a clip. @param line that of its file */
export function clipLine(line: string, clip: number): string {
  return `${line}\tclip=${clip}`;
}

/**
 * Tab-separated; names are escaped, so they contain no tab or newline. Row and values are one JSON
 * array behind them, then the number of a clip.
 */
export function formatInput({ source, path, member, row, values, clip }: Input): string {
  const fields = [source, escapePath(path)];
  if (member) fields.push(escapePath(member.name), member.offset, member.size);
  if (member?.headersAt !== undefined) fields.push(member.headersAt);
  if (values) fields.push(JSON.stringify([row ?? null, ...values]));
  const line = fields.join('\t');
  return clip === undefined ? line : clipLine(line, clip);
}

/** The inverse of {@link formatInput}. */
export function parseInput(line: string): Input {
  const fields = line.split('\t');
  const clip = fields.length > 2 ? CLIP.exec(fields[fields.length - 1])?.[1] : undefined;
  if (clip !== undefined) fields.pop();
  // The last field of any other line is a number, or the path.
  const beside =
    fields.length > 2 && fields[fields.length - 1].startsWith('[') ? fields.pop() : undefined;
  const [source, path, name, offset, size, headersAt] = fields;
  const input: Input = { source: Number(source), path: unescapePath(path) };
  if (name !== undefined) {
    input.member = { name: unescapePath(name), offset: Number(offset), size: Number(size) };
    if (headersAt !== undefined) input.member.headersAt = Number(headersAt);
  }
  if (beside !== undefined) {
    const [row, ...values] = JSON.parse(beside) as [number | null, ...RawValue[]];
    input.values = values;
    if (row !== null) input.row = row;
  }
  if (clip !== undefined) input.clip = Number(clip);
  return input;
}
