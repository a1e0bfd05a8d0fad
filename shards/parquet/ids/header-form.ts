/**
 * The thrift header of data pages of one form. All inner pages of a column have the same number of
 * values and bytes, so their headers differ only in the checksum. parquetjs-lite serializes the
 * header once; afterwards only the checksum is replaced. Serializing a whole header took as long as
 * packing and hashing the page.
 */
import { readVarint, writeVarint } from '../levels.ts';
import { type PageEncoding, serializeDataHeader } from '../pages.ts';

export class HeaderForm {
  readonly #head: Buffer;
  readonly #tail: Buffer;

  /**
   * @param values number of values in the page
   * @param length length of its body in bytes
   */
  constructor(encoding: PageEncoding, values: number, length: number) {
    // 0 and -1 take one byte each in thrift's zigzag form, and only that byte differs between
    // the two headers.
    const [zero, minusOne] = [0, -1].map((crc) =>
      serializeDataHeader(encoding, values, length, crc),
    );
    const at = zero.findIndex((byte, i) => byte !== minusOne[i]);
    this.#head = zero.subarray(0, at);
    this.#tail = zero.subarray(at + 1);
  }

  /**
   * Writes the header so that it ends where the body begins.
   * @param target with room for {@link MAX_PAGE_HEADER} bytes before `end`
   * @returns the offset at which it begins
   */
  write(target: Buffer, end: number, crc: number): number {
    const varint = new Uint8Array(5);
    const length = writeVarint(zigzag(crc), varint, 0);
    const start = end - this.#tail.length - length - this.#head.length;
    target.set(this.#head, start);
    target.set(varint.subarray(0, length), start + this.#head.length);
    target.set(this.#tail, end - this.#tail.length);
    return start;
  }

  /**
   * @returns the checksum of a page and the offset of its body; undefined for a header of another
   * form
   */
  match(page: Buffer): { start: number; crc: number } | undefined {
    const head = this.#head;
    const tail = this.#tail;
    if (page.compare(head, 0, head.length, 0, Math.min(head.length, page.length)) !== 0) return;
    const { value, end } = readVarint(page, head.length);
    const start = end + tail.length;
    if (start > page.length || page.compare(tail, 0, tail.length, end, start) !== 0) return;
    return { start, crc: (value >>> 1) ^ -(value & 1) };
  }
}

/** Longest header in bytes; the thrift headers of this project's pages take about 30 bytes. */
export const MAX_PAGE_HEADER = 64;

/** A signed 32-bit integer in the zigzag form of thrift's varints. */
function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
