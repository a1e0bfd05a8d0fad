/**
 * Members of an archive beside a picture, as webdataset has them: names are equal up to the first dot
 * of the base name, and those of one key stand one after the other.
 */
import { isUtf8 } from 'node:buffer';
import type { RawValue } from '../../schemas/columns.ts';
import { type ByteString, escapePath, join } from '../plan/byte-strings.ts';
import type { ListingReport } from '../sources/source.ts';
import { hasContent } from '../sources/tar/header.ts';
import { readAt, type TarMember } from '../sources/tar/members.ts';
import type { Archive } from '../sources/tar/open.ts';
import type { ColumnCollector } from './collector.ts';
import { listError } from './types.ts';
import { foundString, foundText } from './value.ts';

/** Largest caption or record in bytes; more is no caption. */
const MOST_BYTES = 1 << 20;

/** The key of a member, and the rest of its name: webdataset's rule. */
export function keyOf(name: ByteString): { key: string; extension: string } {
  const base = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', base + 1);
  if (dot < 0) return { key: name, extension: '' };
  return { key: name.slice(0, dot), extension: name.slice(dot + 1).toLowerCase() };
}

export class Sidecars {
  readonly #collector: ColumnCollector;
  readonly #archive: Archive;
  readonly #file: ByteString;
  readonly #report: ListingReport;
  #key: string | undefined;
  #values: RawValue[];
  #member: ByteString | undefined;

  /** @param file path of the archive, for messages */
  constructor(
    collector: ColumnCollector,
    archive: Archive,
    file: ByteString,
    report: ListingReport,
  ) {
    this.#collector = collector;
    this.#archive = archive;
    this.#file = file;
    this.#report = report;
    this.#values = this.#none();
  }

  /** Whether the member begins another key, so that the values of the one before are complete. */
  isNext({ name }: TarMember): boolean {
    return keyOf(name).key !== this.#key;
  }

  /**
   * Ends the current key.
   * @param isUsed whether an input has its values
   */
  finish(isUsed: boolean): RawValue[] {
    const values = this.#values;
    if (!isUsed && this.#member !== undefined) {
      this.#report.problem(
        join(this.#file, this.#member),
        'stands beside no input of its key, so no column has it: sort the archive by name',
      );
    }
    this.#key = undefined;
    this.#member = undefined;
    this.#values = this.#none();
    return values;
  }

  /**
   * Reads a member that gives columns.
   * @returns false for any other member
   * @throws CodecLmError `LIST_INVALID`
   */
  async read(member: TarMember): Promise<boolean> {
    const { key, extension } = keyOf(member.name);
    this.#key = key;
    const wanted = this.#collector.specs.map(({ from }) => fieldOf(from, extension));
    if (wanted.every((field) => field === undefined)) return false;
    if (!hasContent(member.type) || member.sparse) return false;
    const place = { file: escapePath(join(this.#file, member.name)) };
    if (member.size > MOST_BYTES) {
      throw listError(
        place,
        `${member.size} bytes, at most ${MOST_BYTES} are a column`,
        'leave the column out, or shorten it',
      );
    }
    const content = await readAt(this.#archive, member.offset, member.size);
    if (!isUtf8(content)) throw listError(place, 'not UTF-8', 'write it as UTF-8');
    const text = content.toString('utf8');
    this.#member = member.name;
    const record = wanted.some((field) => field) ? recordOf(text, place.file) : {};
    for (const [i, field] of wanted.entries()) {
      if (field === undefined) continue;
      if (field !== '') this.#values[i] = this.#collector.takeValue(i, at(record, field), place);
      else {
        const found = extension === 'cls' ? foundText(text.trim()) : foundString(text);
        this.#values[i] = this.#collector.take(i, found, place);
      }
    }
    return true;
  }

  #none(): RawValue[] {
    return this.#collector.specs.map(() => null);
  }
}

/** @returns '' for all of the member, the path of a field of JSON; undefined where it gives nothing */
function fieldOf(from: string, extension: string): string | undefined {
  if (from.toLowerCase() === extension) return '';
  if (extension !== 'json' || !/^json\./i.test(from)) return undefined;
  return from.slice('json.'.length);
}

function recordOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw listError({ file }, 'not JSON', 'correct it, or take all of it as text: `json`', error);
  }
}

/** A field by its name, or by a path of names with dots between them. */
export function at(record: unknown, path: string): unknown {
  if (typeof record !== 'object' || record === null) return undefined;
  const fields = record as Record<string, unknown>;
  if (Object.hasOwn(fields, path)) return fields[path];
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    if (Object.hasOwn(fields, head)) return at(fields[head], path.slice(dot + 1));
  }
  return undefined;
}
