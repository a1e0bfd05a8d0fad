/** Extended headers of a tar archive (POSIX.1-2001): records about the member that follows, or about all. */
import type { ByteString } from '../../plan/byte-strings.ts';

/** In order, because the oldest form of sparse files repeats names. */
export type PaxRecords = readonly (readonly [keyword: string, value: ByteString])[];

/**
 * Parses records of the form `27 path=some/name.jpg\n`, the length counting all of itself.
 * @param content bytes as characters
 * @throws Error when a record is invalid
 */
export function parsePax(content: ByteString, position: number): PaxRecords {
  const records: [string, ByteString][] = [];
  for (let at = 0; at < content.length; ) {
    const rest = content.slice(at, at + 300);
    // Some programs fill up the header with zeros.
    if (rest.startsWith('\0')) break;
    const record = /^(\d{1,10}) ([^=]*)=/.exec(rest);
    const length = Number(record?.[1]);
    const isWhole = record && length > record[0].length && content[at + length - 1] === '\n';
    if (!isWhole) throw new Error(`damaged extended header at byte ${position + at}`);
    records.push([record[2], content.slice(at + record[0].length, at + length - 1)]);
    at += length;
  }
  return records;
}

/**
 * The value that applies: the last one for this member, otherwise the last one for all members.
 */
export function lastOf(records: PaxRecords, keyword: string): ByteString | undefined {
  return records.findLast(([name]) => name === keyword)?.[1];
}

/** @throws Error when there is such a record and it is not a number */
export function numberOf(records: PaxRecords, keyword: string): number | undefined {
  const value = lastOf(records, keyword);
  return value === undefined ? undefined : wholeNumber(value, keyword);
}

/** @throws Error when the text is not a number of bytes */
export function wholeNumber(text: string, what: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Error(`damaged extended header: ${what} is ${JSON.stringify(text.slice(0, 40))}`);
}
